import type { Session } from '../backend.ts';
import type { Embedded, Embedder, EmbedderDescription } from '../embedder.ts';
import { AffinisError } from '../errors.ts';
import type { Prepared, Preprocessor } from '../modality.ts';
import { attempt, failure, type Result, success } from '../result.ts';
import type { Sample } from '../sample.ts';
import type { Tensor, Tensors } from '../tensor.ts';
import type { ModelManifest } from './manifest.ts';
import { spaceOf } from './space.ts';

export interface ModelEmbedderParts {
  readonly manifest: ModelManifest;
  readonly preprocessor: Preprocessor;
  readonly session: Session;
}

interface Item {
  readonly index: number;
  readonly prepared: Prepared;
  readonly prepareMs: number;
}

/** An embedder made of a modality's preprocessor and a model: samples → tensors → one run a group → embeddings. */
export function createModelEmbedder({ manifest, preprocessor, session }: ModelEmbedderParts): Embedder {
  const description = describeModel(manifest);
  const output = outputName(manifest, session);

  const runGroup = async (group: readonly Item[], results: Result<Embedded>[]): Promise<void> => {
    const prepared = group.map((item) => item.prepared);
    const started = performance.now();
    const tensors = await session.run(join(preprocessor, prepared), [output]);
    const rows = rowsOf(tensors[output], output, prepared, description.dimension);
    const msPerRow = (performance.now() - started) / totalRows(prepared);
    let first = 0;
    for (const { index, prepared: item, prepareMs } of group) {
      const mean = combineRows(rows, first, item.rows, description);
      first += item.rows;
      results[index] =
        mean instanceof AffinisError
          ? failure(mean)
          : success({
              embedding: { mean, unitNorm: description.unitNorm, space: description.space },
              ...(item.info ? { info: item.info } : {}),
              timings: { decodeMs: item.decodeMs, prepareMs, inferenceMs: msPerRow * item.rows },
            });
    }
  };

  /** After a run that failed as a whole, so that a bad sample fails alone. */
  const runOneByOne = async (group: readonly Item[], results: Result<Embedded>[]): Promise<void> => {
    for (const item of group) {
      const outcome = await attempt(() => runGroup([item], results));
      if (!outcome.ok) results[item.index] = outcome;
    }
  };

  return {
    description,
    async embed(samples) {
      const results: Result<Embedded>[] = [];
      const items = await prepareAll(preprocessor, samples, results);
      for (const group of groups(items, manifest.batching, preprocessor.collate !== undefined)) {
        try {
          await runGroup(group, results);
        } catch (thrown) {
          if (group.length === 1) for (const { index } of group) results[index] = failure(thrown);
          else await runOneByOne(group, results);
        }
      }
      return results;
    },
    dispose: () => session.dispose(),
  };
}

/** What a model's embedder will say of itself, from the manifest alone. */
export function describeModel(manifest: ModelManifest): EmbedderDescription {
  const { dimension, normalise } = manifest.output;
  if (manifest.task !== 'embedding' || dimension === undefined)
    throw new AffinisError(
      'failed-precondition',
      `[core] model ${manifest.name} is no embedder: task must be "embedding" with an output.dimension`,
      {
        field: 'model',
        reason: 'MODEL_UNUSABLE',
      },
    );
  return {
    model: { name: manifest.name, version: manifest.version, sha256: manifest.artefact.sha256 },
    modality: manifest.modality,
    dimension,
    space: spaceOf(manifest),
    unitNorm: normalise === 'l2',
    uncertainty: 'none',
    licence: manifest.licence.name,
  };
}

function outputName({ name, output }: ModelManifest, { outputNames }: Session): string {
  const wanted = output.tensor ?? outputNames[0];
  if (wanted !== undefined && outputNames.includes(wanted)) return wanted;
  throw new AffinisError(
    'failed-precondition',
    `[core] model ${name} has no output "${wanted ?? ''}"; set output.tensor in model.yaml to one of: ${outputNames.join(', ')}`,
    { field: 'output.tensor', reason: 'MODEL_UNUSABLE' },
  );
}

/** One is decoded (off this thread) while another is prepared; more would only hold memory. */
const preparedAtOnce = 2;

async function prepareAll(
  preprocessor: Preprocessor,
  samples: readonly Sample[],
  results: Result<Embedded>[],
): Promise<Item[]> {
  const items: Item[] = [];
  const waiting = samples.entries();
  const prepareInTurn = async () => {
    for (const [index, sample] of waiting) {
      const started = performance.now();
      const outcome = await attempt(() => preprocessor.prepare(sample), 'core');
      if (!outcome.ok) results[index] = outcome;
      else {
        const prepareMs = Math.max(0, performance.now() - started - outcome.value.decodeMs);
        items.push({ index, prepared: outcome.value, prepareMs });
      }
    }
  };
  await Promise.all(Array.from({ length: preparedAtOnce }, prepareInTurn));
  return items.sort((a, b) => a.index - b.index);
}

const totalRows = (prepared: readonly Prepared[]) => prepared.reduce((sum, item) => sum + item.rows, 0);

/** Items that may share a run: those whose rows have the same shape, unless the preprocessor joins any. */
function groups(items: readonly Item[], batching: ModelManifest['batching'], collates: boolean): Item[][] {
  if (batching === 'per-sample') return items.map((item) => [item]);
  const byShape = new Map<string, Item[]>();
  for (const item of items) {
    const shape = collates
      ? ''
      : Object.values(item.prepared.inputs)
          .map((tensor) => tensor.shape.slice(1).join('x'))
          .join(';');
    const group = byShape.get(shape);
    if (group) group.push(item);
    else byShape.set(shape, [item]);
  }
  return [...byShape.values()];
}

function join(preprocessor: Preprocessor, prepared: readonly Prepared[]): Tensors {
  if (preprocessor.collate) return preprocessor.collate(prepared);
  const [first] = prepared;
  if (!first || prepared.length === 1) return first?.inputs ?? {};
  return Object.fromEntries(
    Object.keys(first.inputs).map((name) => [name, concatenate(prepared.flatMap(({ inputs }) => inputs[name] ?? []))]),
  );
}

/** Tensors of one dtype and row shape as one, along the first axis. */
export function concatenate(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors;
  if (!first) throw new AffinisError('internal', '[core] no tensor to concatenate');
  const rows = tensors.reduce((sum, tensor) => sum + (tensor.shape[0] ?? 0), 0);
  const length = tensors.reduce((sum, tensor) => sum + tensor.data.length, 0);
  const data = new (first.data.constructor as new (length: number) => Tensor['data'])(length);
  let offset = 0;
  for (const tensor of tensors) {
    (data as Float32Array).set(tensor.data as Float32Array, offset);
    offset += tensor.data.length;
  }
  return { dtype: first.dtype, shape: [rows, ...first.shape.slice(1)], data } as Tensor;
}

function rowsOf(
  tensor: Tensor | undefined,
  name: string,
  prepared: readonly Prepared[],
  dimension: number,
): Float32Array {
  const expected = totalRows(prepared);
  if (tensor?.dtype !== 'float32' || tensor.data.length !== expected * dimension)
    throw new AffinisError(
      'failed-precondition',
      `[core] output "${name}" is ${tensor?.dtype ?? 'missing'} [${tensor?.shape ?? ''}] where float32 [${expected}, ${dimension}] was declared in model.yaml`,
      {
        field: 'output',
        reason: 'MODEL_OUTPUT',
      },
    );
  return tensor.data;
}

/** Mean of a sample's rows (of their directions, where the space is unit-norm), scaled to norm 1 there. */
function combineRows(
  data: Float32Array,
  first: number,
  rows: number,
  { dimension, unitNorm }: EmbedderDescription,
): Float32Array | AffinisError {
  const mean = new Float32Array(dimension);
  for (let row = first; row < first + rows; row++) {
    const values = data.subarray(row * dimension, (row + 1) * dimension);
    const scale = 1 / (rows * (unitNorm ? norm(values) : 1));
    for (let d = 0; d < dimension; d++) mean[d] = (mean[d] ?? 0) + (values[d] ?? 0) * scale;
  }
  const length = norm(mean);
  if (!Number.isFinite(length) || length === 0)
    return new AffinisError('internal', '[core] the model gave no finite direction for this sample', {
      reason: 'MODEL_OUTPUT',
    });
  if (unitNorm) for (let d = 0; d < dimension; d++) mean[d] = (mean[d] ?? 0) / length;
  return mean;
}

function norm(values: Float32Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}
