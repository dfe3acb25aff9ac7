import type { ScanForm } from '@affinis/core';
import { codes, expectedCosts, type Terms, termsOf } from './code-terms.ts';
import type { CodeParameters, CodesTask, ScanTask } from './protocol.ts';

/** Queries as tables over codes; see assembly/codes.ts. */
export interface CodeTables {
  /** i8 and u8 [queries, pairs, 6, 16]: centres, weights and levels of two dimensions. */
  readonly tables: Uint8Array;
  /**
   * float64[queries, 4 + looks]: constant, unit of the quadratic sum, unit of the levels, margin, and at each look, after 64
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

const greatestWeight = 63;
const greatestLevel = 31;
/** Between two looks at a block; see assembly/codes.ts. */
export const pairsALook = 32;
const trust = 0.5;

export function createCodeTables(task: ScanTask, { parameters, margins }: CodesTask, form: ScanForm): CodeTables {
  const dimension = parameters.centres.length;
  const pairs = Math.ceil(dimension / 8) * 4;
  const tables = new Uint8Array(task.count * pairs * 96);
  const unitCount = unitsOf(pairs);
  const units = new Float64Array(task.count * unitCount);
  for (let q = 0; q < task.count; q++) {
    const table = tables.subarray(q * pairs * 96, (q + 1) * pairs * 96);
    const scale = fillTable(table, termsOf(task, q, form, parameters), parameters);
    const times = leastTimes(expectedCosts(task, q, form, parameters), looksOf(pairs));
    units.set([...scale, margins[q] as number, ...times], q * unitCount);
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
const looksOf = (pairs: number): number => Math.ceil(pairs / pairsALook);

/** Values of one query's `units`. */
export const unitsOf = (pairs: number): number => 4 + looksOf(pairs);

/**
 * What a row costs by a look lets expect what the rest will cost, since a query's dimensions cost in known proportions.
 * No more than `trust` of that is counted on: a row that is wanted would have to cost twice its share at the beginning.
 */
function leastTimes(expected: Float64Array, looks: number): Float64Array {
  const byLook = new Float64Array(looks);
  for (const [d, cost] of expected.entries()) {
    const look = Math.floor(d / (2 * pairsALook));
    byLook[look] = (byLook[look] as number) + cost;
  }
  const total = byLook.reduce((sum, value) => sum + value, 0);
  let soFar = 0;
  return byLook.map((value) => {
    soFar += value;
    return soFar > 0 ? 1 + (trust * (total - soFar)) / soFar : 1;
  });
}
