import fc from 'fast-check';
import { bootstrapWeights, interval } from './bootstrap.ts';
import { pearson, rankEquivalent, ranksOf, spearman } from './correlation.ts';
import { errorVersusDiscard } from './discard.ts';
import { subjectDisjointSplits, subjectFolds } from './folds.ts';
import { createRandom } from './random.ts';
import { eerOf, rankTrials, rocOf } from './roc.ts';
import { samplePairs } from './sample-pairs.ts';
import type { Trials } from './trials.ts';

const random = createRandom(3);
const subjects = Int32Array.from({ length: 300 }, (_, index) => Math.floor(index / 3));
const pairs = samplePairs(subjects, 5700, 1);
const at = (positions: Int32Array) => positions.map((position) => subjects[position] ?? -1);
const trials: Trials = {
  scores: Float64Array.from(pairs.same, (same) => random() + same * 0.4),
  same: pairs.same,
  left: at(pairs.left),
  right: at(pairs.right),
};

describe('sampled pairs', () => {
  it('are all genuine ones and as many impostors as wanted, none twice', () => {
    expect(pairs.same.reduce((sum, same) => sum + same, 0)).toBe(300);
    expect(pairs.same.length).toBe(6000);
    for (const [row, same] of pairs.same.entries()) expect(trials.left[row] === trials.right[row]).toBe(same === 1);
    expect(new Set([...pairs.left].map((left, row) => `${left} ${pairs.right[row]}`)).size).toBe(6000);
  });

  it('are the same for the same seed, and others for another', () => {
    expect(samplePairs(subjects, 5700, 1)).toEqual(pairs);
    expect(samplePairs(subjects, 5700, 2)).not.toEqual(pairs);
  });

  it('are all that there are where more are wanted', () => {
    const few = samplePairs(Int32Array.of(0, 0, 1, 2), 1000, 1);
    expect([...few.same]).toEqual([1, 0, 0, 0, 0, 0]);
  });

  it('need two samples of one subject and two subjects', () => {
    expect(() => samplePairs(Int32Array.of(0, 1), 10, 1)).toThrow('no subject has two samples');
    expect(() => samplePairs(Int32Array.of(0, 0), 10, 1)).toThrow('all samples are of one subject');
  });
});

describe('a bootstrap over subjects', () => {
  it('weighs a pair by how often its subjects were drawn', () => {
    for (const weights of bootstrapWeights(trials, { draws: 3, seed: 1 })) {
      const drawn = new Float64Array(100);
      for (const [row, same] of trials.same.entries()) if (same) drawn[trials.left[row] ?? 0] = weights[row] ?? 0;
      expect(drawn.reduce((sum, count) => sum + count, 0)).toBe(100);
      for (const [row, same] of trials.same.entries())
        if (!same)
          expect(weights[row]).toBe((drawn[trials.left[row] ?? 0] ?? 0) * (drawn[trials.right[row] ?? 0] ?? 0));
    }
  });

  it('gives an interval around the figure itself', () => {
    const ranking = rankTrials(trials);
    const draws = [...bootstrapWeights(trials, { draws: 200, seed: 7 })].map(() => 0);
    const rates: number[] = [];
    for (const weights of bootstrapWeights(trials, { draws: draws.length, seed: 7 }))
      rates.push(eerOf(rocOf(ranking, weights)));
    const { low, high } = interval(rates);
    const eer = eerOf(rocOf(ranking));
    expect(low).toBeLessThan(eer);
    expect(high).toBeGreaterThan(eer);
    expect(high - low).toBeLessThan(0.1);
  });

  it('takes percentiles between values', () => {
    expect(interval([1, 2, 3, 4, 5], 0.5)).toEqual({ low: 2, high: 4 });
    expect(interval([Number.NaN, 1, 2])).toEqual({ low: expect.closeTo(1.025), high: expect.closeTo(1.975) });
  });
});

describe('splits by subject', () => {
  it('test every trial once, by what no subject of it was fitted on', () => {
    const fold = subjectFolds(100, 4, 1);
    const tested = new Uint8Array(trials.same.length);
    for (const { train, test } of subjectDisjointSplits(trials, fold)) {
      const seen = new Set([...train].flatMap((row) => [trials.left[row], trials.right[row]]));
      for (const row of test) {
        tested[row] = (tested[row] ?? 0) + 1;
        expect(seen.has(trials.left[row])).toBe(false);
        expect(seen.has(trials.right[row])).toBe(false);
      }
    }
    expect(new Set(tested)).toEqual(new Set([1]));
  });

  it('have folds of equal size', () => {
    const sizes = [0, 1, 2].map((fold) => subjectFolds(100, 3, 9).filter((value) => value === fold).length);
    expect(sizes.toSorted()).toEqual([33, 33, 34]);
  });
});

describe('error against discard', () => {
  it('falls with an uncertainty that knows the errors, and not with one that knows nothing', () => {
    const errors = trials.scores.map((score, row) => (trials.same[row] === 1 ? -score : score));
    const [all, , , half] = errorVersusDiscard(trials, errors, [0, 0.1, 0.2, 0.5]);
    expect(all?.eer).toBeCloseTo(eerOf(rocOf(rankTrials(trials))), 12);
    expect(half?.eer).toBeLessThan((all?.eer ?? 0) / 2);
    const blind = errorVersusDiscard(
      trials,
      trials.scores.map(() => random()),
      [0, 0.5],
    );
    expect(blind[1]?.eer).toBeCloseTo(blind[0]?.eer ?? 0, 1);
  });
});

it('a correlation refuses what is not finite, and what is constant', () => {
  for (const correlate of [pearson, spearman]) {
    expect(() => correlate(Float64Array.of(1, Number.NaN, 3), Float64Array.of(1, 2, 3))).toThrow('value 1 is NaN');
    expect(() => correlate(Float64Array.of(1, 2), Float64Array.of(1, 1))).toThrow('constant');
  }
});

describe('ranks', () => {
  it('share the mean where values tie', () => {
    expect([...ranksOf(Float64Array.of(10, 30, 20, 20))]).toEqual([1, 4, 2.5, 2.5]);
  });

  it('tell whether two scores order alike', () => {
    const list = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(list, (values) =>
        expect(
          rankEquivalent(
            Float64Array.from(values),
            Float64Array.from(values, (value) => value ** 3 - 1),
          ),
        ).toBe(true),
      ),
    );
    const [rising, other] = [Float64Array.of(0, 1, 2, 3), Float64Array.of(0, 2, 1, 3)];
    expect(rankEquivalent(rising, other)).toBe(false);
    expect(rankEquivalent(Float64Array.of(0, 1, 1 + 1e-12, 3), Float64Array.of(0, 1 + 1e-12, 1, 3))).toBe(true);
    expect(rankEquivalent(Float64Array.of(0, 1, 1, 3), Float64Array.of(0, 1, 2, 3))).toBe(false);
  });
});
