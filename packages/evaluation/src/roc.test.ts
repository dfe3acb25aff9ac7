import fc from 'fast-check';
import { minCllrOf } from './cllr.ts';
import { aucOf, bestAccuracy, eerOf, neededImpostors, rankTrials, rocOf, tarAtFar } from './roc.ts';
import { trialsOf } from './testing/trials.ts';

const rocOfScores = (scores: number[], same: number[]) => rocOf(rankTrials(trialsOf(scores, same)));

/** Integers, so that monotone functions keep them apart. */
const trialsArbitrary = fc
  .array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.boolean()), { minLength: 2, maxLength: 60 })
  .filter((rows) => rows.some(([, same]) => same) && rows.some(([, same]) => !same))
  .map((rows) =>
    trialsOf(
      rows.map(([score]) => score),
      rows.map(([, same]) => (same ? 1 : 0)),
    ),
  );

describe('a ROC', () => {
  it('is perfect where the classes are apart, and worthless where all scores are equal', () => {
    const perfect = rocOfScores([3, 2, 1, 0], [1, 1, 0, 0]);
    expect([eerOf(perfect), aucOf(perfect), tarAtFar(perfect, 0.001).tar]).toEqual([0, 1, 1]);
    const constant = rocOfScores([1, 1, 1, 1], [1, 1, 0, 0]);
    expect([eerOf(constant), aucOf(constant), tarAtFar(constant, 0.4).tar]).toEqual([0.5, 0.5, 0]);
  });

  it('is what counting by hand gives', () => {
    // Falling: g 5, i 4, g 3, g 3 and i 3 together, i 1.
    const roc = rocOfScores([5, 4, 3, 3, 3, 1], [1, 0, 1, 1, 0, 0]);
    expect([...roc.thresholds]).toEqual([Number.POSITIVE_INFINITY, 5, 4, 3, 1]);
    expect([...roc.far]).toEqual([0, 0, 1 / 3, 2 / 3, 1]);
    expect([...roc.tar]).toEqual([0, 1 / 3, 1 / 3, 1, 1]);
    expect(tarAtFar(roc, 0.5)).toEqual({ tar: 1 / 3, far: 1 / 3, threshold: 4 });
    // From (1/3, fnr 2/3) to (2/3, fnr 0): far = fnr at 4/9.
    expect(eerOf(roc)).toBeCloseTo(4 / 9);
  });

  it('counts a tie against the claim: a tied impostor comes in with the genuine pair', () => {
    expect(tarAtFar(rocOfScores([1, 1, 0], [1, 0, 0]), 0.4).tar).toBe(0);
  });

  it('stays the same under any rising function of the scores, as minCllr does', () => {
    fc.assert(
      fc.property(trialsArbitrary, (trials) => {
        const bent = { ...trials, scores: trials.scores.map((score) => Math.exp(score / 20) - 3) };
        const [a, b] = [rocOf(rankTrials(trials)), rocOf(rankTrials(bent))];
        expect([...a.far]).toEqual([...b.far]);
        expect([...a.tar]).toEqual([...b.tar]);
        expect(minCllrOf(bent)).toBeCloseTo(minCllrOf(trials), 12);
      }),
    );
  });

  it('counts each trial as often as its weight says', () => {
    fc.assert(
      fc.property(trialsArbitrary, fc.infiniteStream(fc.integer({ min: 1, max: 3 })), (trials, stream) => {
        const counts = [...trials.scores.keys()].map(() => stream.next().value as number);
        const repeat = (values: ArrayLike<number>) =>
          counts.flatMap((count, row) => Array<number>(count).fill(values[row] ?? 0));
        const weighted = rocOf(rankTrials(trials), Float64Array.from(counts));
        const repeated = rocOfScores(repeat(trials.scores), repeat(trials.same));
        expect(eerOf(weighted)).toBeCloseTo(eerOf(repeated), 12);
        expect(aucOf(weighted)).toBeCloseTo(aucOf(repeated), 12);
      }),
    );
  });

  it('has the share of genuine pairs above impostors as its area', () => {
    fc.assert(
      fc.property(trialsArbitrary, (trials) => {
        const { scores, same } = trials;
        let above = 0;
        let pairs = 0;
        for (const [g, genuine] of scores.entries())
          for (const [i, impostor] of scores.entries()) {
            if (same[g] !== 1 || same[i] !== 0) continue;
            pairs++;
            above += genuine > impostor ? 1 : genuine === impostor ? 0.5 : 0;
          }
        expect(aucOf(rocOf(rankTrials(trials)))).toBeCloseTo(above / pairs, 12);
      }),
    );
  });

  it('knows the best threshold for right decisions', () => {
    expect(bestAccuracy(rankTrials(trialsOf([4, 3, 2, 1], [1, 0, 1, 0])))).toEqual({ accuracy: 0.75, threshold: 4 });
  });

  it('says how many impostors a rate needs', () => expect(neededImpostors(1e-4)).toBe(30_000));

  it.each([
    [[1, 2], [1, 1], 'no impostor pairs'],
    [[1, 2], [0, 0], 'no genuine pairs'],
    [[1, Number.NaN], [0, 1], 'score 1 is NaN'],
    [[Number.POSITIVE_INFINITY, 1], [0, 1], 'score 0 is Infinity'],
    [[1], [0, 1], 'differ in number'],
  ])('is refused for %j of %j', (scores, same, message) => {
    expect(() => rankTrials({ ...trialsOf(same, same), scores: Float64Array.from(scores) })).toThrow(message);
  });
});
