import type { Calibration } from '../calibration/calibration.ts';
import type { Quality } from '../calibration/quality.ts';

/** A calibration made up for tests: `llr = 20 · score - 10`. */
export function calibrationOf(changes: Partial<Calibration> = {}): Calibration {
  return {
    format: 'affinis.calibration/1',
    space: 'toy/0123456789abcdef',
    metric: 'toy',
    parameters: {},
    logistic: { offset: -10, slope: 20 },
    fmr: {
      impostorSubjectPairs: 5000,
      points: [
        { llr: -2, rate: 0.5, upper: 0.6 },
        { llr: 0, rate: 0.1, upper: 0.2 },
        { llr: 2, rate: 0.01, upper: 0.02 },
        { llr: 4, rate: 0.001, upper: 0.004 },
      ],
    },
    data: {
      sha256: 'a'.repeat(64),
      description: 'made up',
      subjects: 101,
      genuine: 100,
      impostor: 5000,
      folds: 5,
      date: '2026-11-24',
    },
    measured: { eer: 0.02, cllr: 0.1, minCllr: 0.09 },
    ...changes,
  };
}

/** Quality terms that are zero but for some. */
export const qualityTermsOf = (coefficients: Partial<Quality['coefficients']>, range: Quality['range']): Quality => ({
  range,
  coefficients: {
    worse: 0,
    better: 0,
    worseSquared: 0,
    worseBetter: 0,
    betterSquared: 0,
    scoreWorse: 0,
    scoreBetter: 0,
    scoreWorseBetter: 0,
    ...coefficients,
  },
});
