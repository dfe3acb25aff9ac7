import { resolve } from 'node:path';
import { AffinisError, type Runtime, type SinglePipeline } from '@affinis/core';
import type { Command } from 'commander';
import { loadConfig } from '../composition.ts';
import { digestOf } from '../offline/dataset.ts';
import { type ExportMeta, exportTensors } from '../offline/export-tensors.ts';
import { readLabels } from '../offline/labelled-samples.ts';
import { withPipelines } from '../offline/runtime-for.ts';
import { checkFree } from '../offline/write-folder.ts';
import { wholeNumber } from './data-options.ts';
import { createProgress } from './progress.ts';

interface ExportTensorsOptions {
  readonly pipeline: string;
  readonly labels: string;
  readonly root?: string;
  readonly text?: boolean;
  readonly config?: string;
  readonly copies: string;
  readonly recipe: string;
  readonly seed: string;
  readonly inputs?: boolean;
  readonly output: string;
  readonly json?: boolean;
}

export function addExportTensors(program: Command): void {
  program
    .command('export-tensors')
    .description('write embeddings, features and inputs of degraded copies as NumPy files, to train on in Python')
    .requiredOption('--pipeline <name>', 'pipeline whose model is asked')
    .requiredOption('--labels <csv>', 'labelled samples: path,subject; with --text: text,subject')
    .requiredOption('--output <dir>', 'folder to make')
    .option('--root <dir>', 'folder that paths are relative to (default: the folder of --labels)')
    .option('--text', 'samples are sentences, not files')
    .option('-c, --config <file>', 'configuration (default: affinis.yaml here, or none)')
    .option('--copies <n>', 'degraded copies of each sample, beside the sample itself', '5')
    .option('--recipe <recipe>', 'of the copies: any, unseen, mixed, KIND or KIND:SEVERITY', 'any')
    .option('--seed <n>', 'of the copies', '1')
    .option('--inputs', 'also write what the model is given; samples must give tensors of one shape')
    .option('--json', 'print meta.json on one line')
    .addHelpText(
      'after',
      `
Copies are made, prepared and embedded by the code that serves, so that what is trained on is what is served. Of K
copies (the first is the sample as given) of N samples:
  subjects.npy    int32[N]         number of the subject; the names are in meta.json
  embeddings.npy  float32[K,N,D]
  features.npy    float32[K,N,F]   where the model's manifest names an output of features
  failed.npy      uint8[K,N]       1 where a copy could not be embedded; its rows are 0
  inputs.npy      [K,N,...]        with --inputs, in the model's own type
  labels.csv      a copy of --labels; a sample that it names twice counts once
  meta.json       pipeline, model, space, recipe, seed, subjects, sha256 of --labels, failures

Examples:
  affinis export-tensors --pipeline face --labels people.csv --output tensors
  affinis export-tensors --pipeline face --labels people.csv --recipe unseen --copies 2 --inputs --output unseen
  affinis export-tensors --pipeline text --labels sentences.csv --text --output sentences`,
    )
    .action(runExport);
}

async function runExport(options: ExportTensorsOptions): Promise<void> {
  const output = resolve(options.output);
  checkFree(output, 'output');
  const meta = await withPipelines(
    loadConfig(options.config),
    [options.pipeline],
    (runtime, [pipeline]) => exportPipeline(runtime, pipeline, output, options),
    { embeddersOnly: true },
  );
  if (options.json) console.log(JSON.stringify(meta));
  else {
    const { copies, samples, dimension, features, failures } = meta;
    console.log(
      `${copies} copies of ${samples} samples of ${meta.subjects.length} subjects, ${dimension} dimensions, ${features ?? 'no'} features`,
    );
    for (const [reason, count] of Object.entries(failures)) console.log(`note: ${count} samples failed: ${reason}`);
    console.log(`written: ${output}`);
  }
}

async function exportPipeline(
  runtime: Runtime,
  pipeline: SinglePipeline | undefined,
  output: string,
  options: ExportTensorsOptions,
): Promise<ExportMeta> {
  if (!pipeline) throw new AffinisError('internal', 'the pipeline is not loaded');
  const model = runtime.config.embedders[pipeline.embedder.name]?.model;
  const labels = await readLabels(options.labels, options);
  const progress = createProgress('embedded', labels.samples.length);
  try {
    return await exportTensors({
      runtime,
      pipeline,
      model: model === undefined ? undefined : await runtime.models.find(model),
      labels,
      labelsFile: options.labels,
      sha256: await digestOf(options.labels),
      copies: wholeNumber(options.copies, 'copies', 0),
      recipe: options.recipe,
      seed: wholeNumber(options.seed, 'seed', 0),
      inputs: options.inputs === true,
      output,
      onProgress: progress.tick,
    });
  } catch (thrown) {
    throw namingRecipe(thrown, options.recipe);
  } finally {
    progress.done();
  }
}

/** The modality calls it a degradation; here it came from an option. */
function namingRecipe(thrown: unknown, recipe: string): unknown {
  const { reason, message } = AffinisError.from(thrown);
  if (reason !== 'NO_DEGRADATION') return thrown;
  return new AffinisError('invalid-argument', `--recipe ${recipe}: ${message.replace(/^\[\w+\] /, '')}`, {
    field: 'recipe',
    reason,
    cause: thrown,
  });
}
