import { AffinisError, type Quality, type QualityTerm, qualityTerm, qualityTerms } from '@affinis/core';
import { fitLogistic, type LogisticOptions } from './logistic.ts';
import { invalid } from './trials.ts';

/** `llr = offset + slope · score`, nats, and what the quality terms add: core's calibration. */
export interface ScoreCalibration {
  readonly offset: number;
  readonly slope: number;
  readonly quality?: Quality;
  /** See `Logistic`. */
  readonly separable: boolean;
}

/** Of each trial's sides, float64[N] each: the logarithm of the mean variance. */
export interface Uncertainties {
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** Share of the sides below the range of uncertainties, and shares up to its end, from the widest. */
const [below, ends] = [0.01, [0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5]] as const;

/** The quality terms of each pair, float64[N] each, in the order of `qualityTerms`. */
export function qualityFeatures(
  scores: Float64Array,
  { left, right }: Uncertainties,
  range: Quality['range'],
): Float64Array[] {
  return qualityTerms.map((term) =>
    scores.map((score, row) => qualityTerm(term, range, score, left[row] as number, right[row] as number)),
  );
}

/** Calibrates scores, float64[N] in the metric's own unit and polarity, to ratios. Throws what `fitLogistic` throws. */
export function fitScores(scores: Float64Array, same: Uint8Array, options: LogisticOptions = {}): ScoreCalibration {
  const { offset, slopes, separable } = fitLogistic([scores], same, options);
  return { offset, slope: slopes[0] ?? 0, separable };
}

/**
 * As `fitScores`, with the quality terms. The range of uncertainties is the widest in which a score that speaks more for
 * one identity never gives a lower ratio; throws `invalid-argument` where there is none.
 */
export function fitQuality(
  scores: Float64Array,
  same: Uint8Array,
  uncertainties: Uncertainties,
  options: LogisticOptions = {},
): ScoreCalibration & { readonly quality: Quality } {
  checkLengths(scores, uncertainties);
  const direction = Math.sign(fitScores(scores, same, options).slope);
  const sides = Float64Array.from([...uncertainties.left, ...uncertainties.right]).sort();
  const at = (share: number) => sides[Math.floor(share * (sides.length - 1))] as number;
  for (const end of ends) {
    const range: Quality['range'] = [at(below), at(end)];
    if (!(range[0] < range[1])) break;
    const features = [scores, ...qualityFeatures(scores, uncertainties, range)];
    const fitted = attemptLogistic(features, same, options);
    if (!fitted) continue;
    const { offset, slopes, separable } = fitted;
    const [slope = 0, ...others] = slopes;
    const coefficients = Object.fromEntries(qualityTerms.map((term, k) => [term, others[k] ?? 0])) as Record<
      QualityTerm,
      number
    >;
    const quality = { range, coefficients };
    if (risesEverywhere(slope, quality, direction)) return { offset, slope, quality, separable };
  }
  throw invalid(
    'the uncertainties do not help to read the scores: the ratio would fall where the score rises; calibrate without quality, or on samples whose quality differs more (--degrade mixed)',
    'quality',
  );
}

/** Undefined where the terms say so much the same that none fits: of few pairs, or of uncertainties that hardly differ. */
function attemptLogistic(features: readonly Float64Array[], same: Uint8Array, options: LogisticOptions) {
  try {
    return fitLogistic(features, same, options);
  } catch (thrown) {
    if (AffinisError.from(thrown).code === 'invalid-argument') return undefined;
    throw thrown;
  }
}

/**
 * Whether the slope points one way for every pair of uncertainties in the range. It is linear in either by itself, so
 * that its extremes over the whole square lie in the corners; the square holds every pair, worse and better.
 */
function risesEverywhere(
  slope: number,
  { range: [lowest, highest], coefficients }: Quality,
  direction: number,
): boolean {
  const at = (worse: number, better: number) =>
    slope +
    coefficients.scoreWorse * worse +
    coefficients.scoreBetter * better +
    coefficients.scoreWorseBetter * worse * better;
  const corners = [at(lowest, lowest), at(highest, lowest), at(lowest, highest), at(highest, highest)];
  return corners.every((each) => each * direction >= 0);
}

function checkLengths(scores: Float64Array, { left, right }: Uncertainties): void {
  if (left.length !== scores.length || right.length !== scores.length)
    throw invalid(
      `there are ${left.length} left and ${right.length} right uncertainties for ${scores.length} scores; give one of each a pair`,
      'uncertainties',
    );
}
