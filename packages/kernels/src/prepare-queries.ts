import type { ScanForm } from '@affinis/core';
import type { ChunkLayout } from './chunk-layout.ts';
import { projectionOf, projectRows } from './projection.ts';
import type { ScanTask } from './protocol.ts';

/** A task's queries as the kernels read them; see assembly/. */
export interface PreparedQueries {
  readonly queries: Float32Array;
  /** float64 a query. */
  readonly constants: Float64Array;
  /** float32 a query, where both sides have one variance each. */
  readonly variances?: Float32Array;
  /** What the quadratic part is multiplied with, since variances are scaled. */
  readonly factor: number;
  /** Values that float32 lanes cannot take. */
  readonly wide: boolean;
}

/** Scaled variances within 2^±14, so that sums are within 2^±15. */
export const widest = 2 ** 14;
/** Means below it have squares that float32 can sum. */
export const greatestMean = 2 ** 40;

export function prepareQueries(task: ScanTask, form: ScanForm, layout: ChunkLayout): PreparedQueries {
  switch (form.kind) {
    case 'cosine':
      return pointQueries(normalised(projected(task, form), task.count), task.count, layout);
    case 'euclidean':
    case 'dot':
      return pointQueries(projected(task, form), task.count, layout);
    case 'mls':
      return mlsQueries(task, layout);
    case 'mls-llr':
      return mlsLlrQueries(task, form, layout);
  }
}

function projected({ means, count }: ScanTask, form: ScanForm): Float32Array {
  const projection = projectionOf(form);
  return projection ? projectRows(projection, means, count) : means;
}

function normalised(rows: Float32Array, count: number): Float32Array {
  const dimension = rows.length / count;
  return rows.map((value, at) => {
    const start = at - (at % dimension);
    let squares = 0;
    for (let d = 0; d < dimension; d++) squares += (rows[start + d] as number) ** 2;
    return value / Math.sqrt(squares);
  });
}

function pointQueries(rows: Float32Array, count: number, { dimension, stride }: ChunkLayout): PreparedQueries {
  const queries = new Float32Array(count * stride);
  for (let q = 0; q < count; q++) queries.set(rows.subarray(q * dimension, (q + 1) * dimension), q * stride);
  return { queries, constants: new Float64Array(count), factor: 1, wide: rows.some(tooGreat) };
}

function mlsQueries(task: ScanTask, layout: ChunkLayout): PreparedQueries {
  const { means, count, varianceScale: g } = task;
  const { dimension, stride } = layout;
  const constant = (dimension / 2) * (Math.log(g) - Math.log(2 * Math.PI));
  const constants = new Float64Array(count).fill(constant);
  const scaled = task.variances.map((value) => value * g);
  const wide = scaled.some(outside) || means.some(tooGreat);
  if (layout.varianceKind === 'scalar' && task.varianceKind === 'scalar') {
    const { queries } = pointQueries(means, count, layout);
    return { queries, constants, variances: scaled, factor: g, wide };
  }
  const queries = new Float32Array(count * stride * 2);
  for (let q = 0; q < count; q++)
    for (let d = 0; d < dimension; d++) {
      const at = interleaved(q, d, stride, 2);
      queries[at] = means[q * dimension + d] as number;
      queries[at + 4] = scaled[task.varianceKind === 'scalar' ? q : q * dimension + d] as number;
    }
  return { queries, constants, factor: g, wide };
}

function mlsLlrQueries(
  task: ScanTask,
  { mean, between }: Extract<ScanForm, { kind: 'mls-llr' }>,
  { dimension, stride }: ChunkLayout,
): PreparedQueries {
  const { means, count, varianceScale: g } = task;
  const constants = new Float64Array(count);
  const queries = new Float32Array(count * stride * 7);
  let wide = means.some(tooGreat);
  for (let q = 0; q < count; q++) {
    let constant = 0;
    for (let d = 0; d < stride; d++) {
      const at = interleaved(q, d, stride, 7);
      if (d >= dimension) {
        queries[at + 12] = 1;
        continue;
      }
      const m = mean[d] as number;
      const b = (between[d] as number) * g;
      const v = (task.variances[task.varianceKind === 'scalar' ? q : q * dimension + d] as number) * g;
      const x = (means[q * dimension + d] as number) - m;
      queries[at] = x;
      queries[at + 4] = x * x;
      queries[at + 8] = v;
      queries[at + 12] = b * v;
      queries[at + 16] = b + v;
      queries[at + 20] = b;
      queries[at + 24] = m;
      constant += (x * x * g) / (b + v) + Math.log((b + v) / g);
      wide ||= outside(b) || outside(v);
    }
    // Both as one have denominators that are scaled twice.
    constants[q] = 0.5 * constant + dimension * Math.log(g);
  }
  return { queries, constants, factor: g, wide };
}

/** Place of a query's dimension where four dimensions have `parts` vectors of four. */
const interleaved = (q: number, d: number, stride: number, parts: number): number =>
  q * stride * parts + (d >> 2) * 4 * parts + (d & 3);

const outside = (value: number): boolean => !(value >= 1 / widest && value <= widest);
const tooGreat = (value: number): boolean => !(Math.abs(value) < greatestMean);
