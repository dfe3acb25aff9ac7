import type { EmbedderDescription } from '../embedder.ts';
import { AffinisError } from '../errors.ts';
import type { Prepared } from '../modality.ts';
import type { Tensor } from '../tensor.ts';

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

export const totalRows = (prepared: readonly Prepared[]) => prepared.reduce((sum, item) => sum + item.rows, 0);

/** The embeddings of a run, float32[rows, dimension]. */
export function rowsOf(
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

/** Mean of a sample's rows of a second output. */
export function meanRow(
  tensor: Tensor | undefined,
  name: string,
  first: number,
  rows: number,
  allRows: number,
): Float32Array {
  if (tensor?.dtype !== 'float32' || tensor.data.length % allRows !== 0)
    throw new AffinisError('failed-precondition', `[core] output "${name}" is no float32 with one row a sample`, {
      field: 'output.features',
      reason: 'MODEL_OUTPUT',
    });
  const size = tensor.data.length / allRows;
  const mean = new Float32Array(size);
  for (let row = first; row < first + rows; row++)
    for (let i = 0; i < size; i++) mean[i] = (mean[i] ?? 0) + (tensor.data[row * size + i] ?? 0) / rows;
  return mean;
}

/** Mean of a sample's rows (of their directions, where the space is unit-norm), scaled to norm 1 there. */
export function combineRows(
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
