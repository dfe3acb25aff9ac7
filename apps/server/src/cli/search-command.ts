import { type AffinisError, attempt, type Probe, type Result } from '@affinis/core';
import type { Command } from 'commander';
import { createFailures, errorJson } from './failures.ts';
import { type GalleryTarget, withGalleries } from './gallery-target.ts';
import { readSample } from './input.ts';
import { addFilterOption } from './metadata-option.ts';
import { createProgress } from './progress.ts';
import { addTargetOptions, type TargetOptions } from './target-options.ts';

/** Options that `identify` and `classify` share. */
export interface SearchCommandOptions extends TargetOptions {
  readonly gallery: string;
  readonly pipeline?: string;
  readonly k?: string;
  readonly filter: Readonly<Record<string, string>>;
  readonly text?: boolean;
  readonly strict?: boolean;
  readonly json?: boolean;
}

export const addSearchOptions = (command: Command): Command =>
  addFilterOption(
    addTargetOptions(command)
      .argument('<input...>', 'photos, recordings, or with --text sentences')
      .requiredOption('--gallery <name>', 'gallery to search')
      .option('--pipeline <name>', "pipeline that scores and decides (default: the gallery's)")
      .option('--text', 'the inputs are sentences, not files'),
  )
    .option('--strict', 'exit code 5 where any input failed')
    .option('--json', 'print JSON Lines');

/** Inputs read and in work at once. */
const atOnce = 16;

export interface SearchCommand<Answer> {
  ask(target: GalleryTarget, probes: readonly Probe[]): Promise<readonly Result<Answer>[]>;
  print(input: string, answer: Answer): void;
  /** Of one input's answer, where there is only one. */
  exitCode(answer: Answer): number;
}

/** Asks of each input by itself and prints one line each, in order. */
export async function searchEachInput<Answer>(
  inputs: readonly string[],
  options: SearchCommandOptions,
  command: SearchCommand<Answer>,
): Promise<void> {
  const { text = false, json = false, strict = false } = options;
  const progress = createProgress('searched', inputs.length);
  const failures = createFailures({ quiet: json });
  const fail = (input: string, error: AffinisError) => {
    failures.add(input, error);
    if (json) console.log(JSON.stringify({ input, error: errorJson(error) }));
  };
  let last: Answer | undefined;
  await withGalleries(options, async (target) => {
    for (let first = 0; first < inputs.length; first += atOnce) {
      const group = inputs.slice(first, first + atOnce);
      const samples = await Promise.all(
        group.map((input) => attempt(() => readSample(input, text, 'input'), 'affinis')),
      );
      const probes = samples.flatMap((sample) => (sample.ok ? [[sample.value]] : []));
      const answers = probes.length === 0 ? [] : await command.ask(target, probes);
      let next = 0;
      for (const [index, sample] of samples.entries()) {
        const input = group[index] ?? '';
        const result = sample.ok ? answers[next++] : sample;
        progress.tick();
        if (result?.ok) {
          last = result.value;
          command.print(input, result.value);
        } else if (result) fail(input, result.error);
      }
    }
  });
  progress.done();
  const succeeded = inputs.length - failures.count;
  process.exitCode =
    inputs.length === 1 && last !== undefined ? command.exitCode(last) : failures.exitCode(succeeded, strict);
}
