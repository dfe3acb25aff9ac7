import { invalid } from './trials.ts';

/** Product-moment correlation, -1..1. */
export function pearson(a: Float64Array, b: Float64Array): number {
  checkFinite(a);
  checkFinite(b);
  if (a.length !== b.length || a.length < 2)
    throw invalid('a correlation needs two lists of one length, two at least', 'scores');
  const meanA = mean(a);
  const meanB = mean(b);
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let index = 0; index < a.length; index++) {
    const x = (a[index] as number) - meanA;
    const y = (b[index] as number) - meanB;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  if (aa === 0 || bb === 0) throw invalid('a correlation of a constant does not exist', 'scores');
  return ab / Math.sqrt(aa * bb);
}

/** Rank correlation, -1..1; ties share the mean of their ranks. */
export function spearman(a: Float64Array, b: Float64Array): number {
  checkFinite(a);
  checkFinite(b);
  return pearson(ranksOf(a), ranksOf(b));
}

/**
 * Whether two lists order the same things in the same way, so that no comparison of their ranking can tell them apart.
 * Neighbours that rounding has swapped do not count: a step back within 1e-9 of a list's range is none.
 */
export const rankEquivalent = (a: Float64Array, b: Float64Array): boolean =>
  a.length === b.length && follows(a, b) && follows(b, a);

/** Whether `values` never fall in the order in which `by` rises, and tie where it does, both up to rounding. */
function follows(by: Float64Array, values: Float64Array): boolean {
  const order = Uint32Array.from(by.keys()).sort((x, y) => (by[x] as number) - (by[y] as number));
  const tolerance = 1e-9 * rangeOf(values);
  let highest = Number.NEGATIVE_INFINITY;
  for (const [place, at] of order.entries()) {
    const value = values[at] as number;
    const before = order[place - 1];
    if (value < highest - tolerance) return false;
    if (before !== undefined && by[before] === by[at] && Math.abs(value - (values[before] as number)) > tolerance)
      return false;
    highest = Math.max(highest, value);
  }
  return true;
}

function rangeOf(values: Float64Array): number {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return most - least;
}

/** Ranks from 1, ties at their mean. */
export function ranksOf(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number));
  const ranks = new Float64Array(values.length);
  for (let first = 0; first < order.length; ) {
    let last = first;
    while (last + 1 < order.length && values[order[last + 1] as number] === values[order[first] as number]) last++;
    for (let index = first; index <= last; index++) ranks[order[index] as number] = (first + last) / 2 + 1;
    first = last + 1;
  }
  return ranks;
}

const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

function checkFinite(values: Float64Array): void {
  const row = values.findIndex((value) => !Number.isFinite(value));
  if (row >= 0) throw invalid(`value ${row} is ${values[row]}; what is not finite is never ranked`, `scores[${row}]`);
}
