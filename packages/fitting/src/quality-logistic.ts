import { type Quality, qualityOf } from '@affinis/core';
import { fitQuality, type ScoreCalibration } from '@affinis/evaluation';
import type { RowPairs } from './pairs.ts';
import type { RawVariances } from './raw-variances.ts';

export type QualityLogistic = ScoreCalibration & { readonly quality: Quality };

/**
 * The rival that every gain of a variance has to be shown beside: what `affinis calibrate --quality` fits, a logistic on
 * the cosine and one number of each side, its uncertainty, with their products.
 */
export function fitQualityLogistic(
  { leftRow, rightRow, same }: RowPairs,
  cosines: Float64Array,
  uncertainties: Float64Array,
): QualityLogistic {
  const of = (rows: Int32Array) => Float64Array.from(rows, (row) => uncertainties[row] as number);
  return fitQuality(cosines, same, { left: of(leftRow), right: of(rightRow) });
}

export function applyQuality(
  { offset, slope, quality }: QualityLogistic,
  { leftRow, rightRow }: RowPairs,
  cosines: Float64Array,
  uncertainties: Float64Array,
): Float64Array {
  return cosines.map((cosine, pair) => {
    const [left, right] = [uncertainties[leftRow[pair] as number], uncertainties[rightRow[pair] as number]];
    return offset + slope * cosine + qualityOf(quality, cosine, left as number, right as number);
  });
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
