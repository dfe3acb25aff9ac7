import { AffinisError } from '@affinis/core';
import type { Command } from 'commander';
import { readSample } from './input.ts';
import { verificationJson, verificationLine } from './output.ts';
import { addTargetOptions, type TargetOptions, withAnswerer } from './target-options.ts';

interface CompareOptions extends TargetOptions {
  readonly pipeline: readonly string[];
  readonly text?: boolean;
  readonly json?: boolean;
}

export function addCompare(program: Command): void {
  addTargetOptions(program.command('compare'))
    .description('what do several pipelines say of A and B? Each sample is embedded once')
    .argument('<a>', 'a photo, a recording, or with --text a sentence')
    .argument('<b>', 'the other one')
    .option(
      '--pipeline <name>',
      'pipeline to ask; repeat for several (default: all of that kind)',
      (name: string, names: readonly string[]) => [...names, name],
      [],
    )
    .option('--text', 'A and B are sentences, not files')
    .option('--json', 'print one JSON array')
    .addHelpText(
      'after',
      `
Elements of --json: the fields of "verify --json", or pipeline and error {code, message}

Examples:
  affinis compare a.jpg b.jpg
  affinis compare a.jpg b.jpg --pipeline face-cosine --pipeline face-euclidean --json`,
    )
    .action(compare);
}

async function compare(a: string, b: string, options: CompareOptions): Promise<void> {
  const text = options.text === true;
  const left = [await readSample(a, text, 'a')];
  const right = [await readSample(b, text, 'b')];
  const answers = await withAnswerer(options, (answerer) => answerer.compare(options.pipeline, { left, right }));
  if (options.json) {
    const rows = answers.map(({ pipeline, result }) =>
      result.ok
        ? verificationJson(result.value)
        : { pipeline, error: { code: result.error.code, message: result.error.message } },
    );
    console.log(JSON.stringify(rows));
  } else
    for (const { pipeline, result } of answers)
      console.log(result.ok ? verificationLine(result.value) : `failed  ${pipeline}: ${result.error.message}`);
  const failed = answers.find(({ result }) => !result.ok)?.result;
  if (failed && !failed.ok && answers.every(({ result }) => !result.ok))
    throw new AffinisError(failed.error.code, 'no pipeline could compare these samples');
}
