import { foldAccuracy } from './fold-accuracy.ts';
import { detCurve, minDcfOf, operatingPoints } from './operating-points.ts';
import { createRandom } from './random.ts';
import { rankTrials, rocOf } from './roc.ts';
import { trialsOf } from './testing/trials.ts';

const random = createRandom(2);
const same = Array.from({ length: 5000 }, (_, row) => (row < 1000 ? 1 : 0));
const ranking = rankTrials(
  trialsOf(
    same.map((label) => random() + 0.6 * label),
    same,
  ),
);

describe('operating points', () => {
  it('are null with the reason below three impostors a wanted false match', () => {
    const [loose, , strict, strictest] = operatingPoints(ranking);
    expect(loose).toMatchObject({ wanted: 0.1, far: 0.1, tar: expect.any(Number) });
    expect(strict).toMatchObject({ wanted: 1e-3, far: 1e-3 });
    expect(strictest).toEqual({
      wanted: 1e-4,
      tar: null,
      reason: 'insufficient data: FAR 0.0001 needs 30000 impostor pairs and there are 4000',
    });
  });

  it('say which rate was reached where ties leave no better', () => {
    const tied = rankTrials(trialsOf([3, 2, ...Array(29).fill(2), 1], [1, 1, ...Array(29).fill(0), 0]));
    expect(operatingPoints(tied, [0.1])).toEqual([{ wanted: 0.1, tar: 0.5, far: 0, threshold: 3 }]);
  });
});

describe('the least detection cost', () => {
  it('is what counting by hand gives', () => {
    const roc = rocOf(rankTrials(trialsOf([5, 4, 3, 3, 3, 1], [1, 0, 1, 1, 0, 0])));
    // At 3: no miss and two of three impostors; at 5: two of three misses and no impostor.
    expect(minDcfOf(roc, { miss: 1, falseMatch: 1, prior: 0.5 })).toBeCloseTo(2 / 3, 12);
    expect(minDcfOf(roc, { miss: 3, falseMatch: 1, prior: 0.5 })).toBeCloseTo(2 / 3, 12);
    expect(minDcfOf(roc, { miss: 1, falseMatch: 10, prior: 0.5 })).toBeCloseTo(2 / 3, 12);
  });

  it('is 0 for perfect and 1 for worthless scores', () => {
    const cost = { miss: 10, falseMatch: 1, prior: 0.01 };
    expect(minDcfOf(rocOf(rankTrials(trialsOf([2, 1], [1, 0]))), cost)).toBe(0);
    expect(minDcfOf(rocOf(rankTrials(trialsOf([1, 1], [1, 0]))), cost)).toBe(1);
  });
});

describe('a detection error trade-off', () => {
  it('holds points of the curve, few where there are many', () => {
    const points = detCurve(rocOf(ranking));
    expect(points.length).toBeLessThan(200);
    const { scores } = ranking.trials;
    for (const { threshold, fmr, fnmr } of points) {
      const matches = same.map((_, row) => (scores[row] ?? 0) >= threshold);
      expect(fmr).toBeCloseTo(matches.filter((match, row) => match && same[row] === 0).length / 4000, 12);
      expect(fnmr).toBeCloseTo(matches.filter((match, row) => !match && same[row] === 1).length / 1000, 12);
    }
    expect(points.at(-1)).toMatchObject({ fmr: 1, fnmr: 0 });
    expect(points[0]).toMatchObject({ fmr: 0 });
  });
});

describe('accuracy over folds', () => {
  it('tests each fold by the threshold of the others, halfway between two scores', () => {
    const trials = trialsOf([4, 1, 5, 2, 2.5, 1.5], [1, 0, 1, 0, 1, 0]);
    const { accuracy, folds } = foldAccuracy(trials, [1, 1, 2, 2, 3, 3]);
    // Without fold 1: 5, 2.5 over 2, 1.5. Without 2: 4, 2.5 over 1, 1.5. Without 3: 5, 4 over 2, 1.
    expect(folds.map(({ threshold }) => threshold)).toEqual([2.25, 2, 3]);
    expect(folds.map((fold) => fold.accuracy)).toEqual([1, 0.5, 0.5]);
    expect(accuracy).toBeCloseTo(2 / 3, 12);
  });

  it('is refused with one fold, or another number of folds than pairs', () => {
    const trials = trialsOf([2, 1], [1, 0]);
    expect(() => foldAccuracy(trials, [1, 1])).toThrow('all pairs are of one fold');
    expect(() => foldAccuracy(trials, [1])).toThrow('there are 1 folds for 2 pairs');
  });
});
