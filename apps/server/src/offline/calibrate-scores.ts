import { AffinisError, type Calibration, calibrationSchema } from '@affinis/core';
import {
  cllrOf,
  countOf,
  eerOf,
  fitLogistic,
  fmrTable,
  type Logistic,
  minCllrOf,
  pick,
  rankTrials,
  ratioOf,
  rocOf,
  subjectDisjointSplits,
  subjectFolds,
  type Trials,
} from '@affinis/evaluation';

export interface CalibrateOptions {
  readonly folds: number;
  readonly seed: number;
  /** Per trial; given, the sides' uncertainties count beside the score. */
  readonly uncertainties?: { readonly left: Float64Array; readonly right: Float64Array } | undefined;
}

/** What scores mean, and how well that holds for subjects that it was not fitted to. */
export interface FittedCalibration {
  readonly logistic: Calibration['logistic'];
  readonly fmr: Calibration['fmr'];
  readonly measured: Calibration['measured'];
  /** Log-likelihood ratio of each trial, by a logistic that saw neither of its subjects. */
  readonly heldOutRatios: Float64Array;
}

/**
 * Fits a logistic to raw scores, and measures on held-out subjects: every trial's ratio comes from a logistic fitted
 * to trials of which neither subject is in its subjects' folds. `scores` are the metric's own, distances as they are.
 */
export function calibrateScores(scores: Float64Array, trials: Trials, options: CalibrateOptions): FittedCalibration {
  rankTrials(trials);
  const features = featuresOf(scores, options.uncertainties);
  const heldOutRatios = crossFit(features, trials, options);
  const heldOut = { ...trials, scores: heldOutRatios };
  const final = fitLogistic(features, trials.same);
  const [slope = 0, sum = 0, difference = 0] = final.slopes;
  const impostors = Int32Array.from(trials.same.keys()).filter((row) => trials.same[row] === 0);
  return {
    logistic: { offset: final.offset, slope, ...(options.uncertainties ? { quality: { sum, difference } } : {}) },
    fmr: {
      points: fmrTable(Float64Array.from(impostors, (row) => heldOutRatios[row] as number)),
      impostorSubjectPairs: distinctSubjectPairs(trials, impostors),
    },
    measured: { eer: eerOf(rocOf(rankTrials(heldOut))), cllr: cllrOf(heldOut), minCllr: minCllrOf(heldOut) },
    heldOutRatios,
  };
}

/** A calibration file's content. */
export const calibrationText = (calibration: Calibration): string =>
  `${JSON.stringify(calibrationSchema.parse(calibration), null, 1)}\n`;

function featuresOf(scores: Float64Array, uncertainties: CalibrateOptions['uncertainties']): Float64Array[] {
  if (!uncertainties) return [scores];
  const { left, right } = uncertainties;
  return [
    scores,
    left.map((value, row) => value + (right[row] as number)),
    left.map((value, row) => Math.abs(value - (right[row] as number))),
  ];
}

function crossFit(features: readonly Float64Array[], trials: Trials, { folds, seed }: CalibrateOptions): Float64Array {
  const subjects =
    1 + trials.left.reduce((most, subject, row) => Math.max(most, subject, trials.right[row] as number), 0);
  const ratios = new Float64Array(trials.same.length);
  for (const { train, test } of subjectDisjointSplits(trials, subjectFolds(subjects, folds, seed))) {
    const { same } = pick(trials, train);
    if (countOf(same, 0) === 0 || countOf(same, 1) === 0)
      throw new AffinisError(
        'invalid-argument',
        `too few subjects for ${folds} folds: a fold leaves no genuine or no impostor pairs to fit on; label more subjects, or use fewer --folds`,
        {
          field: 'folds',
          reason: 'TOO_FEW_SUBJECTS',
        },
      );
    const fitted: Logistic = fitLogistic(
      features.map((values) => Float64Array.from(train, (row) => values[row] as number)),
      same,
    );
    for (const row of test)
      ratios[row] = ratioOf(
        fitted,
        features.map((values) => values[row] as number),
      );
  }
  return ratios;
}

function distinctSubjectPairs({ left, right }: Trials, rows: Int32Array): number {
  const seen = new Set<number>();
  for (const row of rows) {
    const [a, b] = [left[row] as number, right[row] as number];
    seen.add(Math.min(a, b) * 2 ** 26 + Math.max(a, b));
  }
  return seen.size;
}
