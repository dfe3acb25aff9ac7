import { fitLogistic, type LogisticOptions } from './logistic.ts';
import { invalid } from './trials.ts';

/** `llr = offset + slope · score + quality.sum · (uL + uR) + quality.difference · |uL - uR|`, nats: core's calibration. */
export interface ScoreCalibration {
  readonly offset: number;
  readonly slope: number;
  readonly quality?: { readonly sum: number; readonly difference: number };
  /** See `Logistic`. */
  readonly separable: boolean;
}

/** Of each trial's sides, float64[N] each: the logarithm of the mean variance. */
export interface Uncertainties {
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** What both uncertainties say of a pair whichever side is left: their sum and the size of their difference. */
export function qualityFeatures({ left, right }: Uncertainties): [sum: Float64Array, difference: Float64Array] {
  if (left.length !== right.length)
    throw invalid(
      `there are ${left.length} left and ${right.length} right uncertainties; give one of each a pair`,
      'uncertainties',
    );
  return [
    left.map((value, row) => value + (right[row] as number)),
    left.map((value, row) => Math.abs(value - (right[row] as number))),
  ];
}

/**
 * Calibrates scores, float64[N] in the metric's own unit and polarity, to log-likelihood ratios; with uncertainties by a
 * logistic that reads those too. Throws what `fitLogistic` throws.
 */
export function fitScores(
  scores: Float64Array,
  same: Uint8Array,
  options: LogisticOptions & { readonly uncertainties?: Uncertainties } = {},
): ScoreCalibration {
  const { uncertainties } = options;
  const features = uncertainties ? [scores, ...qualityFeatures(uncertainties)] : [scores];
  const { offset, slopes, separable } = fitLogistic(features, same, options);
  const [slope = 0, sum = 0, difference = 0] = slopes;
  return { offset, slope, ...(uncertainties ? { quality: { sum, difference } } : {}), separable };
}
