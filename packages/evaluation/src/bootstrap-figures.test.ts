import fc from 'fast-check';
import { bootstrapWeights } from './bootstrap.ts';
import { bootstrapFigures } from './bootstrap-figures.ts';
import { cllrOf, minCllrOfRoc } from './cllr.ts';
import { createRandom } from './random.ts';
import { eerOf, rankTrials, rocOf } from './roc.ts';
import { samplePairs } from './sample-pairs.ts';
import { trialsOf } from './testing/trials.ts';
import type { Trials } from './trials.ts';

const subjects = Int32Array.from({ length: 240 }, (_, sample) => Math.floor(sample / 3));
const pairs = samplePairs(subjects, 1500, 1);

function scored(seed: number, gain: number): Trials {
  const random = createRandom(seed);
  return {
    scores: Float64Array.from(pairs.same, (same) => random() + gain * same),
    same: pairs.same,
    left: pairs.left.map((sample) => subjects[sample] ?? -1),
    right: pairs.right.map((sample) => subjects[sample] ?? -1),
  };
}

const weak = scored(1, 0.3);
const strong = scored(2, 0.7);
const figures = { eer: ({ roc }: { roc: ReturnType<typeof rocOf> }) => eerOf(roc) };
const options = { draws: 200, seed: 4 };

describe('bootstrapped figures', () => {
  it('have intervals around their values, and a difference that excludes zero where there is one', () => {
    const { figures: each, differences } = bootstrapFigures([weak, strong], figures, options);
    expect(each[0]?.eer.value).toBe(eerOf(rocOf(rankTrials(weak))));
    for (const { eer } of [...each, ...differences]) {
      expect(eer.low).toBeLessThan(eer.value);
      expect(eer.high).toBeGreaterThan(eer.value);
      expect(eer.draws).toBe(200);
    }
    expect(differences[0]?.eer.value).toBe((each[1]?.eer.value ?? 0) - (each[0]?.eer.value ?? 0));
    expect(differences[0]?.eer.high).toBeLessThan(0);
  });

  it('differ by exactly nothing where both pipelines order alike: they share their draws', () => {
    const bent = { ...weak, scores: weak.scores.map((score) => score ** 3) };
    const { differences } = bootstrapFigures([weak, bent], figures, options);
    expect(differences[0]?.eer).toEqual({ value: 0, low: 0, high: 0, draws: 200 });
  });

  it('repeat with the seed, and leave out draws that have no figure', () => {
    expect(bootstrapFigures([weak], figures, options)).toEqual(bootstrapFigures([weak], figures, options));
    // One subject of two has a genuine pair: a quarter of the draws leaves it out, half leaves out all impostors.
    const rare: Trials = { ...trialsOf([2, 1], [1, 0]), left: Int32Array.of(0, 0), right: Int32Array.of(0, 1) };
    const { draws } = bootstrapFigures([rare], figures, { draws: 400, seed: 1 }).figures[0]?.eer ?? { draws: 0 };
    expect(draws).toBeGreaterThan(120);
    expect(draws).toBeLessThan(280);
  });

  it('are refused for other pairs, and without a pipeline', () => {
    expect(() => bootstrapFigures([weak, trialsOf([1, 2], [1, 0])], figures, options)).toThrow('and 2 pairs');
    expect(() => bootstrapFigures([], figures, options)).toThrow('there is no pipeline');
    expect(() => [...bootstrapWeights(weak, { draws: 1.5, seed: 1 })]).toThrow('1.5 draws');
    expect(() => [...bootstrapWeights(weak, { draws: 1, seed: -1 })]).toThrow('seed -1');
  });
});

describe('drawn weights', () => {
  it('sum to the number of subjects over the genuine pairs of one each, whatever the subjects are numbered', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 20 }),
        fc.nat({ max: 1000 }),
        (names, seed) => {
          const sides = Int32Array.from(names);
          const own = { scores: new Float64Array(names.length), same: new Uint8Array(names.length).fill(1) };
          for (const weights of bootstrapWeights({ ...own, left: sides, right: sides }, { draws: 3, seed }))
            expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(names.length);
        },
      ),
    );
  });

  it('count in Cllr and minCllr as repeated trials do', () => {
    const scores = [-3, -1, 0.5, 0.5, 1, 2, 2.5];
    const same = [0, 0, 1, 0, 0, 1, 1];
    const counts = [2, 1, 3, 0, 1, 2, 1];
    const repeat = (values: readonly number[]) =>
      values.flatMap((value, row) => Array<number>(counts[row] ?? 0).fill(value));
    const weighted = trialsOf(scores, same);
    const repeated = trialsOf(repeat(scores), repeat(same));
    const weights = Float64Array.from(counts);
    expect(cllrOf(weighted, weights)).toBeCloseTo(cllrOf(repeated), 12);
    expect(minCllrOfRoc(rocOf(rankTrials(weighted), weights))).toBeCloseTo(
      minCllrOfRoc(rocOf(rankTrials(repeated))),
      12,
    );
  });
});
