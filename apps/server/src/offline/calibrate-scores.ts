import { type Calibration, calibrationSchema } from '@affinis/core';
import {
  cllrOf,
  crossFit,
  eerOf,
  fitQuality,
  fitScores,
  fmrTable,
  impostorSubjectPairs,
  minCllrOf,
  qualityFeatures,
  rankTrials,
  rocOf,
  type Trials,
  type Uncertainties,
} from '@affinis/evaluation';

export interface CalibrateOptions {
  readonly folds: number;
  readonly seed: number;
  /** Per trial; given, the sides' uncertainties count beside the score. */
  readonly uncertainties?: Uncertainties | undefined;
}

/** What scores mean, and how well that holds for subjects that it was not fitted to. */
export interface FittedCalibration {
  readonly logistic: Calibration['logistic'];
  readonly fmr: Calibration['fmr'];
  readonly measured: Calibration['measured'];
}

/**
 * Fits a logistic to raw scores, and measures by ratios from logistics that saw neither subject of a trial. `scores` are
 * the metric's own, distances as they are; the trials' scores are ranked, higher more alike.
 */
export function calibrateScores(scores: Float64Array, trials: Trials, options: CalibrateOptions): FittedCalibration {
  rankTrials(trials);
  const { folds, seed, uncertainties } = options;
  const { separable: _, ...logistic } = uncertainties
    ? fitQuality(scores, trials.same, uncertainties)
    : fitScores(scores, trials.same);
  const range = 'quality' in logistic ? logistic.quality?.range : undefined;
  const features = uncertainties && range ? [scores, ...qualityFeatures(scores, uncertainties, range)] : [scores];
  const ratios = crossFit(features, trials, { folds, seed });
  const heldOut = { ...trials, scores: ratios };
  const subjectPairs = impostorSubjectPairs(trials);
  return {
    logistic,
    fmr: {
      points: fmrTable(
        ratios.filter((_, row) => trials.same[row] === 0),
        subjectPairs,
      ),
      impostorSubjectPairs: subjectPairs,
    },
    measured: { eer: eerOf(rocOf(rankTrials(heldOut))), cllr: cllrOf(heldOut), minCllr: minCllrOf(heldOut) },
  };
}

/** A calibration file's content. */
export const calibrationText = (calibration: Calibration): string =>
  `${JSON.stringify(calibrationSchema.parse(calibration), null, 1)}\n`;
