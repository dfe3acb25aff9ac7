import type { EmbedAnswer } from '@affinis/contracts';
import { attempt, type Result } from '@affinis/core';
import type { Command } from 'commander';
import { exitCodeOfError } from './exit-codes.ts';
import { readSample } from './input.ts';
import { modelName, timingsJson } from './output.ts';
import { createProgress } from './progress.ts';
import { addTargetOptions, type TargetOptions, withAnswerer } from './target-options.ts';

interface EmbedOptions extends TargetOptions {
  readonly embedder?: string;
  readonly text?: boolean;
  readonly json?: boolean;
}

/** Files read and in work at once. */
const atOnce = 16;

export function addEmbed(program: Command): void {
  addTargetOptions(program.command('embed'))
    .description('embed files (or sentences) and print one line each, in order')
    .argument('<input...>', 'photos, recordings, or with --text sentences')
    .option('--embedder <name>', 'embedder to use (default: by the kind of the input)')
    .option('--text', 'the inputs are sentences, not files')
    .option('--json', 'print JSON Lines, the vector included')
    .addHelpText(
      'after',
      `
Fields of --json: input, and either model, space, dimension, unitNorm, mean [numbers], variance [numbers] or null, info,
timingsMs, or error {code, message, field, reason}

Examples:
  affinis embed a.jpg b.jpg
  affinis embed recordings/*.flac --json > embeddings.jsonl`,
    )
    .action(embed);
}

async function embed(inputs: readonly string[], options: EmbedOptions): Promise<void> {
  const progress = createProgress('embedded', inputs.length);
  let worst = 0;
  await withAnswerer(options, async (answerer) => {
    for (let first = 0; first < inputs.length; first += atOnce) {
      const group = inputs.slice(first, first + atOnce);
      const results = await Promise.all(
        group.map((input) =>
          attempt(async () => {
            const [result] = await answerer.embed(options.embedder, [
              await readSample(input, options.text === true, 'input'),
            ]);
            progress.tick();
            if (!result?.ok) throw result?.error;
            return result.value;
          }, 'affinis'),
        ),
      );
      for (const [index, result] of results.entries())
        worst = Math.max(worst, print(group[index] ?? '', result, options.json === true));
    }
  });
  progress.done();
  process.exitCode = worst;
}

/** Prints one input's line and returns the exit code that it asks for. */
function print(input: string, result: Result<EmbedAnswer>, json: boolean): number {
  if (!result.ok) {
    const { code, message, field, reason } = result.error;
    if (json) console.log(JSON.stringify({ input, error: { code, message, field, reason } }));
    else console.error(`${input}: ${message}`);
    return exitCodeOfError(code);
  }
  const { embedding, info, model, timings } = result.value;
  const { mean, variance, space, unitNorm } = embedding;
  if (json) {
    const values = { mean: [...mean], variance: variance ? [...variance.values] : null };
    console.log(
      JSON.stringify({
        input,
        model: modelName(model),
        space,
        dimension: mean.length,
        unitNorm,
        ...values,
        info: info ?? null,
        timingsMs: timingsJson(timings),
      }),
    );
  } else
    console.log(
      `${input}: ${mean.length} dimensions by ${modelName(model)} in ${Math.round(timings.decodeMs + timings.prepareMs + timings.inferenceMs)} ms`,
    );
  return 0;
}
