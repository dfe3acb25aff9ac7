import type { MetricDefinition } from '@affinis/core';
import { crossFittedScores, type Fit, type FittingData } from '@affinis/fitting';
import { calibrateScores, calibrationText } from './calibrate-scores.ts';

export interface CalibrateFitOptions {
  readonly data: FittingData;
  readonly fit: Fit;
  readonly metrics: readonly MetricDefinition[];
  readonly space: string;
  readonly varianceId: string;
  /** Impostor pairs of all folds together. */
  readonly impostors: number;
  readonly seed: number;
  /** Of the label file. */
  readonly sha256: string;
}

/** Folds of subjects that the logistics are fitted across. */
const folds = 5;

/** Calibration files by metric, of scores by heads that did not see the subjects; throws what has no pairs to offer. */
export function calibrateFit(options: CalibrateFitOptions): Map<string, string> {
  const { data, fit, metrics, space, varianceId, impostors, seed, sha256 } = options;
  const { pairs, score } = crossFittedScores(data, fit, { impostors, seed });
  const genuine = pairs.same.reduce((sum, label) => sum + label, 0);
  const calibrations = metrics.map((definition): [string, string] => {
    const scores = score(definition);
    const { polarity, needsVariance } = definition.create(definition.parameters.parse({}));
    const higherIsAlike = polarity === 'similarity' ? scores : scores.map((value) => -value);
    const { logistic, fmr, measured } = calibrateScores(scores, { ...pairs, scores: higherIsAlike }, { folds, seed });
    const text = calibrationText({
      format: 'affinis.calibration/1',
      space,
      metric: definition.id,
      parameters: {},
      ...(needsVariance ? { varianceId } : {}),
      logistic,
      fmr,
      data: {
        sha256,
        description: `${fit.report.samples} samples, at most ten a subject, each scored by a head that did not see its subject`,
        subjects: fit.report.subjects,
        genuine,
        impostor: pairs.same.length - genuine,
        folds,
        date: new Date().toISOString().slice(0, 10),
      },
      measured,
    });
    return [definition.id, text];
  });
  return new Map(calibrations);
}
