import type { Projection, ScanForm } from '@affinis/core';

/** The projection of a form that has one. */
export const projectionOf = (form: ScanForm): Projection | undefined =>
  'projection' in form ? form.projection : undefined;

/** Dimensions of what a projection gives. */
export const outputsOf = ({ matrix }: Projection, dimension: number): number => matrix.length / dimension;

/** `matrix · origin`, float32[P]: what is taken from `matrix · x`. */
export function offsetsOf({ matrix, origin }: Projection, dimension: number): Float32Array {
  const offsets = new Float32Array(matrix.length / dimension);
  if (!origin) return offsets;
  for (let p = 0; p < offsets.length; p++) offsets[p] = product(matrix, p * dimension, origin, 0, dimension);
  return offsets;
}

/** Rows float32[count, D] to float32[count, P]. */
export function projectRows(projection: Projection, rows: Float32Array, count: number): Float32Array {
  const dimension = rows.length / count;
  const { matrix } = projection;
  const offsets = offsetsOf(projection, dimension);
  const outputs = offsets.length;
  const projected = new Float32Array(count * outputs);
  for (let row = 0; row < count; row++)
    for (let p = 0; p < outputs; p++)
      projected[row * outputs + p] =
        product(matrix, p * dimension, rows, row * dimension, dimension) - (offsets[p] as number);
  return projected;
}

function product(left: Float32Array, a: number, right: Float32Array, b: number, length: number): number {
  let sum = 0;
  for (let d = 0; d < length; d++) sum += (left[a + d] as number) * (right[b + d] as number);
  return sum;
}
