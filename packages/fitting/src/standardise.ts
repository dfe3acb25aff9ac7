import type { HeadInput } from './fitting-data.ts';

export interface Standardisation {
  /** float32[F] */
  readonly mean: Float32Array;
  /** float32[F], > 0 */
  readonly deviation: Float32Array;
}

/** As core's variance head cuts them. */
const clamp = 5;
const leastDeviation = 1e-4;

/** Mean and standard deviation of each input over some rows. */
export function standardisationOf({ values, size }: HeadInput, rows: Int32Array): Standardisation {
  const mean = new Float64Array(size);
  const squares = new Float64Array(size);
  for (const row of rows)
    for (let i = 0; i < size; i++) mean[i] = (mean[i] as number) + (values[row * size + i] as number) / rows.length;
  for (const row of rows)
    for (let i = 0; i < size; i++)
      squares[i] = (squares[i] as number) + ((values[row * size + i] as number) - (mean[i] as number)) ** 2;
  return {
    mean: Float32Array.from(mean),
    deviation: Float32Array.from(squares, (sum) => Math.sqrt(sum / rows.length) + leastDeviation),
  };
}

/** Writes one row's standardised inputs from `out[start]` on. */
export function standardise(
  { values, size }: HeadInput,
  { mean, deviation }: Standardisation,
  row: number,
  out: Float32Array,
  start: number,
): void {
  for (let i = 0; i < size; i++) {
    const value = ((values[row * size + i] as number) - (mean[i] as number)) / (deviation[i] as number);
    out[start + i] = Math.max(-clamp, Math.min(clamp, value));
  }
}
