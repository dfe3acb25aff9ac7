import { correlation, median, quantile, rankCorrelation } from './statistics.ts';
import { equalErrorRate, foldAccuracies } from './verification.ts';

const pairs = (genuine: readonly number[], impostor: readonly number[]) => [
  ...genuine.map((score) => ({ score, genuine: true })),
  ...impostor.map((score) => ({ score, genuine: false })),
];

describe('equalErrorRate', () => {
  it('is 0 where every genuine pair scores above every impostor', () => {
    expect(equalErrorRate(pairs([0.8, 0.9], [0.1, 0.2]))).toBe(0);
  });

  it('is read off where the rates meet', () => {
    // At threshold 0.6: one of four impostors (0.7) matches, one of four genuine pairs (0.3) does not.
    expect(equalErrorRate(pairs([0.9, 0.8, 0.6, 0.3], [0.7, 0.5, 0.2, 0.1]))).toBeCloseTo(0.25);
  });

  it('is interpolated where they cross between two thresholds', () => {
    // From (false matches 0, false non-matches 1/2) to (1/1, 1/2): the line meets the diagonal at 1/2.
    expect(equalErrorRate(pairs([0.9, 0.1], [0.5]))).toBeCloseTo(0.5);
  });

  it('treats equal scores as one threshold', () => {
    // From (0, 1) to (1, 0): tied scores say nothing.
    expect(equalErrorRate(pairs([0.5, 0.5], [0.5, 0.5]))).toBeCloseTo(0.5);
  });
});

describe('foldAccuracies', () => {
  it('takes each threshold from the other folds and counts unscored pairs as wrong', () => {
    const fold = (name: string, scored: ReturnType<typeof pairs>) => scored.map((pair) => ({ fold: name, ...pair }));
    const accuracies = foldAccuracies([
      ...fold('1', pairs([0.9, 0.8], [0.2, 0.1])), // at 0.65 from fold 2: all right
      ...fold('2', pairs([0.7, 0.4], [0.6, 0.1])), // at 0.5 from fold 1: 0.4 and 0.6 wrong
      { fold: '2', score: undefined, genuine: true },
    ]);
    expect(accuracies).toEqual([1, 2 / 5]);
  });
});

describe('statistics', () => {
  it('interpolates quantiles', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9);
  });

  it('correlates values and ranks', () => {
    expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1);
    expect(rankCorrelation([1, 2, 3], [1, 10, 100])).toBeCloseTo(1);
    // Ranks 1.5 1.5 3 4 against 1 2 3 4: covariance 4.5, variances 4.5 and 5.
    expect(rankCorrelation([1, 1, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5));
  });
});
