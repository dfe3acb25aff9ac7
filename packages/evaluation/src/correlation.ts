import { invalid } from './trials.ts';

/** Product-moment correlation, -1..1. */
export function pearson(a: Float64Array, b: Float64Array): number {
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
export const spearman = (a: Float64Array, b: Float64Array): number => pearson(ranksOf(a), ranksOf(b));

/** Whether two lists order the same things in the same way, so that no comparison of their ranking can tell them apart. */
export function rankEquivalent(a: Float64Array, b: Float64Array): boolean {
  const ranksA = ranksOf(a);
  const ranksB = ranksOf(b);
  return a.length === b.length && ranksA.every((rank, index) => rank === ranksB[index]);
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
