import type { ScanForm } from '@affinis/core';
import type { ChunkLayout } from './chunk-layout.ts';
import type { Kernels } from './kernels.ts';

/** What a form reads of a row beside its mean and variance, computed once and kept in the chunk. */
export interface RowDataOptions {
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
  readonly layout: ChunkLayout;
  /** Address of the chunk. */
  readonly chunk: number;
  /** Rows in it. */
  readonly count: number;
  readonly formId: number;
  readonly form: ScanForm;
  readonly varianceScale: number;
  /** Memory of this thread's own: float32[stride, 2]. */
  readonly scratch: number;
}

/** Brings the chunk's norms up to date; `header[2]`: rows that have one. */
export function ensureNorms({ memory, layout, chunk, count }: RowDataOptions): void {
  const header = new Int32Array(memory.buffer, chunk, 4);
  const { stride, offsets } = layout;
  const done = header[2] as number;
  if (done >= count) return;
  const means = new Float32Array(memory.buffer, chunk + offsets.means, count * stride);
  const scale = new Float64Array(memory.buffer, chunk + offsets.scale, count);
  for (let row = done; row < count; row++) scale[row] = 1 / Math.sqrt(squaresOf(means, row * stride, stride));
  header[2] = count;
}

/** Brings what rows add by themselves under this form up to date; `header`: the form, rows that have it. */
export function ensureBias(options: RowDataOptions): void {
  const { kernels, memory, layout, chunk, count, formId, form } = options;
  const header = new Int32Array(memory.buffer, chunk, 4);
  const done = header[0] === formId ? (header[1] as number) : 0;
  if (done >= count) return;
  const { stride, offsets, varianceKind } = layout;
  const out = chunk + offsets.bias + 8 * done;
  if (form.kind === 'dot') {
    const means = new Float32Array(memory.buffer, chunk + offsets.means, count * stride);
    const bias = new Float64Array(memory.buffer, chunk + offsets.bias, count);
    for (let row = done; row < count; row++)
      bias[row] = squaresOf(means, row * stride, layout.dimension, form.bias ?? new Float32Array(layout.dimension));
  } else if (form.kind === 'mls-llr') {
    const { dimension } = layout;
    const population = new Float32Array(memory.buffer, options.scratch, 2 * stride).fill(0);
    for (let d = 0; d < dimension; d++) {
      const at = (d >> 2) * 8 + (d & 3);
      population[at] = form.mean[d] as number;
      population[at + 4] = (form.between[d] as number) * options.varianceScale;
    }
    kernels.biasMlsLlr(
      chunk + offsets.means + 4 * stride * done,
      chunk + offsets.variances + 4 * done * (varianceKind === 'scalar' ? 1 : stride),
      varianceKind === 'scalar',
      count - done,
      stride,
      stride - dimension,
      options.scratch,
      options.varianceScale,
      -(dimension / 2) * Math.log(options.varianceScale),
      out,
    );
  }
  header[0] = formId;
  header[1] = count;
}

function squaresOf(values: Float32Array, start: number, length: number, weights?: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < length; d++) sum += (weights ? (weights[d] as number) : 1) * (values[start + d] as number) ** 2;
  return sum;
}
