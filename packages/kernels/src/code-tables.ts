import { AffinisError, type ScanForm } from '@affinis/core';
import type { CodeParameters, ScanTask } from './protocol.ts';

/** Queries as tables over codes; see assembly/codes.ts. */
export interface CodeTables {
  /** i8 and u8 [queries, pairs, 6, 16]: centres, weights and levels of two dimensions. */
  readonly tables: Uint8Array;
  /**
   * float64[queries, 3 + looks]: constant, unit of the quadratic sum, unit of the levels, and at each look, after 64
   * dimensions, how many times its cost so far a row is expected to cost at least.
   */
  readonly units: Float64Array;
  /** The best mean depends on the row's variance. */
  readonly moving: boolean;
}

/** Whether rows can be ranked by codes under this form. */
export const hasCodeTables = (form: ScanForm, unitNorm: boolean): boolean =>
  form.kind === 'mls' ||
  form.kind === 'mls-llr' ||
  (form.kind === 'euclidean' && !form.projection) ||
  (form.kind === 'cosine' && !form.projection && unitNorm);

export const codes = 16;
const greatestWeight = 63;
const greatestLevel = 31;
const pairsALook = 32;
const trust = 0.5;

/** A row's part of the score in one dimension, `-(curvature (y - peak)² + cost)`, for one code of its variance. */
interface Term {
  curvature: number;
  peak: number;
  cost: number;
}

export function createCodeTables(task: ScanTask, form: ScanForm, parameters: CodeParameters): CodeTables {
  const dimension = parameters.centres.length;
  const pairs = Math.ceil(dimension / 8) * 4;
  const tables = new Uint8Array(task.count * pairs * 96);
  const looks = looksOf(pairs);
  const units = new Float64Array(task.count * (3 + looks));
  for (let q = 0; q < task.count; q++) {
    const terms = termsOf(task, q, form, parameters);
    const table = tables.subarray(q * pairs * 96, (q + 1) * pairs * 96);
    units.set(fillTable(table, terms, parameters), q * (3 + looks));
    units.set(leastTimes(terms, parameters, looks), q * (3 + looks) + 3);
  }
  return { tables, units, moving: form.kind === 'mls-llr' };
}

/** Fills one query's table; returns its constant and units. */
function fillTable(table: Uint8Array, terms: Terms, { centres, steps }: CodeParameters): [number, number, number] {
  const dimension = centres.length;
  const { curvature, peak, cost } = terms;
  let greatest = 0;
  let widestRange = 0;
  let constant = terms.constant;
  const lowest = new Float64Array(dimension);
  const roots = new Float64Array(dimension * codes);
  for (let d = 0; d < dimension; d++) {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let c = d * codes; c < (d + 1) * codes; c++) {
      const root = Math.sqrt(curvature[c] as number) * (steps[d] as number);
      roots[c] = root;
      if (root > greatest) greatest = root;
      const value = cost[c] as number;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    lowest[d] = low;
    constant -= low;
    widestRange = Math.max(widestRange, high - low);
  }
  const weightScale = greatestWeight / greatest;
  const levelUnit = widestRange === 0 ? 1 : widestRange / greatestLevel;
  for (let d = 0; d < dimension; d++) {
    const pair = (d >> 1) * 96;
    const odd = d & 1;
    const step = steps[d] as number;
    for (let c = 0; c < codes; c++) {
      const from = d * codes + c;
      const centre = Math.round(((peak[from] as number) - (centres[d] as number)) / step);
      const clamped = Math.max(-127, Math.min(127, centre)) & 0xff;
      if (terms.moving) table[pair + odd * 16 + c] = clamped;
      else if (c < 8) table[pair + 2 * c + odd] = clamped;
      table[pair + 32 + odd * 16 + c] = Math.round((roots[from] as number) * weightScale);
      table[pair + 64 + odd * 16 + c] = Math.round(((cost[from] as number) - (lowest[d] as number)) / levelUnit);
    }
  }
  return [constant, 256 / weightScale ** 2, levelUnit];
}

/** How often a block's rows are looked at. */
export const looksOf = (pairs: number): number => Math.ceil(pairs / pairsALook);

/**
 * What a row costs by a look lets expect what the rest will cost, since a query's dimensions cost in known proportions.
 * No more than `trust` of that is counted on: a row that is wanted would have to cost twice its share at the beginning.
 */
function leastTimes(
  { curvature, peak, cost }: Terms,
  { centres, deviations }: CodeParameters,
  looks: number,
): Float64Array {
  const dimension = centres.length;
  const expected = new Float64Array(looks);
  for (let d = 0; d < dimension; d++) {
    const first = d * codes;
    const middle = first + codes / 2;
    const square = (deviations[d] as number) ** 2 + ((centres[d] as number) - (peak[middle] as number)) ** 2;
    const look = Math.floor(d / (2 * pairsALook));
    const level = (cost[middle] as number) - Math.min(cost[first] as number, cost[first + codes - 1] as number);
    expected[look] = (expected[look] as number) + (curvature[middle] as number) * square + Math.max(0, level);
  }
  const total = expected.reduce((sum, value) => sum + value, 0);
  let soFar = 0;
  return expected.map((value) => {
    soFar += value;
    return soFar > 0 ? 1 + (trust * (total - soFar)) / soFar : 1;
  });
}

interface Terms {
  /** float64[D, 16] each. */
  readonly curvature: Float64Array;
  readonly peak: Float64Array;
  readonly cost: Float64Array;
  readonly constant: number;
  readonly moving: boolean;
}

function termsOf(task: ScanTask, q: number, form: ScanForm, parameters: CodeParameters): Terms {
  const dimension = parameters.centres.length;
  const length = dimension * codes;
  const curvature = new Float64Array(length);
  const peak = new Float64Array(length);
  const cost = new Float64Array(length);
  const term: Term = { curvature: 0, peak: 0, cost: 0 };
  const variances = levelsOf(parameters, task.varianceScale);
  const write = termWriter(form);
  for (let d = 0; d < dimension; d++) {
    const x = task.means[q * dimension + d] as number;
    const v = task.variances[task.varianceKind === 'scalar' ? q : q * dimension + d] ?? 0;
    for (let c = d * codes; c < (d + 1) * codes; c++) {
      write(term, d, x, v, variances[c] as number);
      curvature[c] = term.curvature;
      peak[c] = term.peak;
      cost[c] = term.cost;
    }
  }
  const constant = form.kind === 'mls' ? -(dimension / 2) * Math.log(2 * Math.PI) : form.kind === 'cosine' ? 1 : 0;
  return { curvature, peak, cost, constant, moving: form.kind === 'mls-llr' };
}

type TermWriter = (term: Term, d: number, x: number, v1: number, v2: number) => void;

function termWriter(form: ScanForm): TermWriter {
  switch (form.kind) {
    case 'cosine':
      return pointWriter(0.5);
    case 'euclidean':
      return pointWriter(1);
    case 'mls':
      return (term, _, x, v1, v2) => {
        term.curvature = 0.5 / (v1 + v2);
        term.peak = x;
        term.cost = 0.5 * Math.log(v1 + v2);
      };
    case 'mls-llr':
      return (term, d, query, v1, v2) => {
        const m = form.mean[d] as number;
        const b = form.between[d] as number;
        const x = query - m;
        const p = b + v1;
        const q = b + v2;
        const det = b * (v1 + v2) + v1 * v2;
        term.curvature = (b * b) / (2 * det * q);
        // Where the ratio is highest: what is rarer than the query is better evidence than the query itself.
        const best = (x * q) / b;
        term.peak = best + m;
        term.cost =
          -(b / (2 * det)) * ((x * x * v1) / p + (best * best * v2) / q - (x - best) ** 2) -
          0.5 * Math.log((p * q) / det);
      };
    case 'dot':
      throw new AffinisError('internal', '[kernels] codes cannot rank by dot');
  }
}

const pointWriter =
  (curvature: number): TermWriter =>
  (term, _, x) => {
    term.curvature = curvature;
    term.peak = x;
    term.cost = 0;
  };

/** float64[D, 16]: the variance of each code. */
function levelsOf({ varianceBits, varianceSteps }: CodeParameters, varianceScale: number): Float64Array {
  const levels = new Float64Array(varianceBits.length * codes);
  const bits = new Int32Array(1);
  const value = new Float32Array(bits.buffer);
  for (let d = 0; d < varianceBits.length; d++)
    for (let c = 0; c < codes; c++) {
      bits[0] = Math.round((varianceBits[d] as number) + c * (varianceSteps[d] as number));
      levels[d * codes + c] = (value[0] as number) / varianceScale;
    }
  return levels;
}
