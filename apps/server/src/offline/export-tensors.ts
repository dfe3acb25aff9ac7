import { copyFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AffinisError, float32, type ModelFolder, type Runtime, type SinglePipeline, uint8 } from '@affinis/core';
import { collectFittingData } from './collect-fitting-data.ts';
import { createInputsFile } from './inputs-file.ts';
import type { LabelledSamples } from './labelled-samples.ts';
import { writeNpy } from './npy.ts';
import { writeFolder } from './write-folder.ts';

export interface ExportOptions {
  readonly runtime: Runtime;
  readonly pipeline: SinglePipeline;
  /** The pipeline's model; none where its embedder is in code. */
  readonly model: ModelFolder | undefined;
  readonly labels: LabelledSamples;
  /** The file they were read from, and its sha256. */
  readonly labelsFile: string;
  readonly sha256: string;
  /** Degraded copies of each sample, besides itself. */
  readonly copies: number;
  readonly recipe: string;
  readonly seed: number;
  /** Whether the model's input tensors are written too. */
  readonly inputs: boolean;
  readonly output: string;
  readonly onProgress: () => void;
}

/** What `meta.json` says. K copies (the first as given), N samples, D dimensions, F features. */
export interface ExportMeta {
  readonly format: 'affinis.tensors/1';
  readonly pipeline: string;
  /** NAME@VERSION */
  readonly model: string;
  readonly modelSha256: string;
  readonly space: string;
  readonly unitNorm: boolean;
  readonly recipe: string;
  readonly seed: number;
  /** K */
  readonly copies: number;
  /** N */
  readonly samples: number;
  /** D */
  readonly dimension: number;
  /** F; null where the model has none. */
  readonly features: number | null;
  /** Name of the input tensor that `inputs.npy` holds, its type and the shape of one copy's. */
  readonly inputs: { readonly tensor: string; readonly dtype: string; readonly shape: readonly number[] } | null;
  /** Names of the subjects that `subjects.npy` numbers. */
  readonly subjects: readonly string[];
  readonly labels: { readonly file: string; readonly sha256: string };
  /** Samples of which not even the original could be embedded, by reason. */
  readonly failures: Readonly<Record<string, number>>;
}

/** Embeds samples and degraded copies, and writes the arrays as a folder of NumPy files, whole or not at all. */
export function exportTensors(options: ExportOptions): Promise<ExportMeta> {
  return writeFolder(options.output, 'output', (folder) => fill(folder, options));
}

async function fill(folder: string, options: ExportOptions): Promise<ExportMeta> {
  const { runtime, pipeline, labels, copies, recipe, seed } = options;
  const shape = [copies + 1, labels.samples.length] as const;
  const inputs = options.inputs ? createInputsFile(join(folder, 'inputs.npy'), shape) : undefined;
  const { data, failures } = await collectFittingData({
    runtime,
    embedder: pipeline.embedder.name,
    labels,
    copies,
    recipe,
    seed,
    features: options.model?.manifest.output.features !== undefined,
    onInputs: inputs?.write,
    onProgress: options.onProgress,
  }).finally(() => inputs?.close());
  const { embeddings, features, failed, subjects } = data;
  const perRow = (values: Float32Array) => values.length / (shape[0] * shape[1]);
  await writeNpy(join(folder, 'subjects.npy'), { dtype: 'int32', shape: [subjects.length], data: subjects });
  await writeNpy(join(folder, 'embeddings.npy'), float32([...shape, perRow(embeddings)], embeddings));
  if (features) await writeNpy(join(folder, 'features.npy'), float32([...shape, perRow(features)], features));
  if (failed) await writeNpy(join(folder, 'failed.npy'), uint8([...shape], failed));
  await copyFile(options.labelsFile, join(folder, 'labels.csv'));
  const { model, space, unitNorm, dimension } = descriptionOf(pipeline);
  const meta: ExportMeta = {
    format: 'affinis.tensors/1',
    pipeline: pipeline.name,
    model: `${model.name}@${model.version}`,
    modelSha256: model.sha256,
    space,
    unitNorm,
    recipe,
    seed,
    copies: shape[0],
    samples: shape[1],
    dimension,
    features: features ? perRow(features) : null,
    inputs: inputs?.description() ?? null,
    subjects: labels.subjectNames,
    labels: { file: basename(options.labelsFile), sha256: options.sha256 },
    failures: Object.fromEntries(failures),
  };
  await writeFile(join(folder, 'meta.json'), `${JSON.stringify(meta, null, 2)}\n`);
  return meta;
}

function descriptionOf({ embedder: { state } }: SinglePipeline) {
  if (state.available) return state.description;
  throw new AffinisError('internal', 'the pipeline is not loaded');
}
