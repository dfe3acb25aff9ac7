import { AffinisError, type MetricDefinition } from '@affinis/core';
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

export interface CalibratedFit {
  /** Calibration files by metric. */
  readonly calibrations: ReadonlyMap<string, string>;
  /** Why a metric has none, a line each. An uncertainty is worth having without. */
  readonly problems: readonly string[];
}

/** Calibrates scores by heads that did not see the subjects. */
export function calibrateFit(options: CalibrateFitOptions): CalibratedFit {
  const { data, fit, metrics, space, varianceId, impostors, seed, sha256 } = options;
  const problems: string[] = [];
  const calibrations = new Map<string, string>();
  const attempted = <T>(what: string, work: () => T): T | undefined => {
    try {
      return work();
    } catch (thrown) {
      problems.push(`${what}${AffinisError.from(thrown).message}`);
      return undefined;
    }
  };
  const crossFitted = attempted('', () => crossFittedScores(data, fit, { impostors, seed }));
  if (!crossFitted) return { calibrations, problems };
  const { pairs, score } = crossFitted;
  const genuine = pairs.same.reduce((sum, label) => sum + label, 0);
  const textOf = (definition: MetricDefinition): string => {
    const scores = score(definition);
    const { polarity, needsVariance } = definition.create(definition.parameters.parse({}));
    const higherIsAlike = polarity === 'similarity' ? scores : scores.map((value) => -value);
    const { logistic, fmr, measured } = calibrateScores(scores, { ...pairs, scores: higherIsAlike }, { folds, seed });
    return calibrationText({
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
  };
  for (const definition of metrics) {
    const text = attempted(`${definition.id}: `, () => textOf(definition));
    if (text !== undefined) calibrations.set(definition.id, text);
  }
  return { calibrations, problems };
}
