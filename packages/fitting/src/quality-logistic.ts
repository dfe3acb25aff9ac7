import { fitLogistic, type Logistic } from '@affinis/evaluation';
import type { RowPairs } from './pairs.ts';
import type { RawVariances } from './raw-variances.ts';

/** How a logistic reads a cosine and the uncertainty of both sides. */
export type QualityTerms = 'linear' | 'full';

/**
 * The rival that every gain of a variance has to be shown beside: a logistic on the cosine and one number of each
 * side, its uncertainty. `linear` reads the terms that `affinis calibrate --quality` stores,
 * `full` all products up to the second degree, and the cosine's with both.
 */
export function fitQuality(
  terms: QualityTerms,
  pairs: RowPairs,
  cosines: Float64Array,
  uncertainties: Float64Array,
): Logistic {
  return fitLogistic(features(terms, pairs, cosines, uncertainties), pairs.same);
}

export function applyQuality(
  terms: QualityTerms,
  { offset, slopes }: Logistic,
  pairs: RowPairs,
  cosines: Float64Array,
  uncertainties: Float64Array,
): Float64Array {
  const columns = features(terms, pairs, cosines, uncertainties);
  return cosines.map((_, pair) =>
    columns.reduce((sum, column, k) => sum + (slopes[k] as number) * (column[pair] as number), offset),
  );
}

function features(
  terms: QualityTerms,
  { leftRow, rightRow }: RowPairs,
  cosines: Float64Array,
  uncertainties: Float64Array,
): Float64Array[] {
  const column = (of: (cosine: number, worse: number, better: number) => number) =>
    cosines.map((cosine, pair) => {
      const [left, right] = [uncertainties[leftRow[pair] as number], uncertainties[rightRow[pair] as number]];
      return of(cosine, Math.max(left as number, right as number), Math.min(left as number, right as number));
    });
  const linear = [column((c) => c), column((_, a, b) => a + b), column((_, a, b) => a - b)];
  if (terms === 'linear') return linear;
  return [
    ...linear,
    column((_, a) => a * a),
    column((_, a, b) => a * b),
    column((_, __, b) => b * b),
    column((c, a) => c * a),
    column((c, _, b) => c * b),
    column((c, a, b) => c * a * b),
    column((c) => c * c),
  ];
}

/**
 * By row, the mean of the head's log variances. Before calibration, because heads of different folds agree on these
 * and a logistic that was fitted in one fold is used in another.
 */
export function uncertaintiesOf({ logarithms, perRow }: RawVariances): Float64Array {
  return Float64Array.from({ length: logarithms.length / perRow }, (_, row) => {
    let sum = 0;
    for (let at = row * perRow; at < (row + 1) * perRow; at++) sum += logarithms[at] as number;
    return sum / perRow;
  });
}
