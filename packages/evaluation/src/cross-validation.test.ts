import { type Calibration, fmrAt, qualityOf } from '@affinis/core';
import fc from 'fast-check';
import { calibrationLossOf, cllrOf } from './cllr.ts';
import { crossFit } from './cross-validation.ts';
import { discardArea, errorVersusDiscard } from './discard.ts';
import { fmrTable } from './fmr-table.ts';
import { subjectFolds } from './folds.ts';
import { fitLogistic } from './logistic.ts';
import { fitQuality, fitScores } from './quality.ts';
import { createRandom } from './random.ts';
import { samplePairs } from './sample-pairs.ts';
import { trialsOf } from './testing/trials.ts';
import type { Trials } from './trials.ts';

const random = createRandom(8);
const gaussian = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const subjects = Int32Array.from({ length: 300 }, (_, sample) => Math.floor(sample / 3));
const pairs = samplePairs(subjects, 3000, 1);
/** Normal scores of unit deviation, 2 apart: their ratio is 2x - 2. */
const trials: Trials = {
  scores: Float64Array.from(pairs.same, (same) => gaussian() + 2 * same),
  same: pairs.same,
  left: pairs.left.map((sample) => subjects[sample] ?? -1),
  right: pairs.right.map((sample) => subjects[sample] ?? -1),
};

describe('cross-fitted ratios', () => {
  it('are calibrated on subjects that they were not fitted to', () => {
    const ratios = crossFit([trials.scores], trials, { seed: 1 });
    const judged = { ...trials, scores: ratios };
    expect(calibrationLossOf(judged)).toBeLessThan(0.05);
    const { offset, slopes } = fitLogistic([trials.scores], trials.same);
    const inSample = trials.scores.map((score) => offset + (slopes[0] ?? 0) * score);
    expect(cllrOf(judged)).toBeGreaterThan(cllrOf({ ...trials, scores: inSample }));
  });

  it('do not depend on the labels of the trial’s own subjects', () => {
    const row = 5;
    const [one, other] = [trials.left[row], trials.right[row]];
    const touched = trials.left.map((left, at) =>
      left === one || left === other || trials.right[at] === one || trials.right[at] === other ? 1 : 0,
    );
    const shifted = trials.scores.map((score, at) => (touched[at] === 1 && at !== row ? score + 100 : score));
    const before = crossFit([trials.scores], trials, { seed: 1 });
    const after = crossFit([shifted], { ...trials, scores: shifted }, { seed: 1 });
    expect(after[row]).toBe(before[row]);
  });

  it('need enough subjects', () => {
    const few = samplePairs(Int32Array.of(0, 0, 1, 1, 2, 2), 12, 1);
    const names = Int32Array.of(0, 0, 1, 1, 2, 2);
    const sides = (side: Int32Array) => side.map((sample) => names[sample] ?? -1);
    const tiny = {
      scores: Float64Array.from(few.same.keys()),
      same: few.same,
      left: sides(few.left),
      right: sides(few.right),
    };
    expect(() => crossFit([tiny.scores], tiny, { folds: 3, seed: 1 })).toThrow('label more subjects');
    expect(() => subjectFolds(3, 5, 1)).toThrow('3 subjects cannot be dealt into 5 folds');
  });
});

describe('a logistic without regularisation', () => {
  it('has no slope of the cost left at its optimum, at any prior', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.999, noNaN: true }), (prior) => {
        const { offset, slopes, separable } = fitLogistic([trials.scores], trials.same, { prior });
        expect(separable).toBe(false);
        const cost = (a: number, b: number) => {
          const odds = Math.log(prior / (1 - prior));
          const part = (label: number) => {
            const rows = [...trials.same.keys()].filter((row) => trials.same[row] === label);
            const z = (row: number) => (label === 1 ? -1 : 1) * (a + b * (trials.scores[row] ?? 0) + odds);
            return rows.reduce((sum, row) => sum + Math.log1p(Math.exp(z(row))), 0) / rows.length;
          };
          return prior * part(1) + (1 - prior) * part(0);
        };
        const least = cost(offset, slopes[0] ?? 0);
        for (const [da, db] of [
          [0.05, 0],
          [-0.05, 0],
          [0, 0.05],
          [0, -0.05],
        ] as const)
          expect(cost(offset + da, (slopes[0] ?? 0) + db)).toBeGreaterThan(least);
      }),
      { numRuns: 20 },
    );
  });

  it('follows a change of unit and of polarity', () => {
    const one = fitLogistic([trials.scores], trials.same);
    const other = fitLogistic([trials.scores.map((score) => 1e6 - 1000 * score)], trials.same);
    expect((other.slopes[0] ?? 0) * -1000).toBeCloseTo(one.slopes[0] ?? 0, 6);
    expect(other.offset + (other.slopes[0] ?? 0) * 1e6).toBeCloseTo(one.offset, 6);
  });

  it.each([
    ['one way', [1, 2, 3, 4], [0, 0, 1, 1]],
    ['the other way', [4, 3, 2, 1], [0, 0, 1, 1]],
    ['but for a tie', [1, 2, 2, 3], [0, 0, 1, 1]],
  ])('says where the classes can be parted %s, and stays finite', (_, scores, same) => {
    const { offset, slopes, separable } = fitLogistic([Float64Array.from(scores)], Uint8Array.from(same));
    expect(separable).toBe(true);
    expect(Number.isFinite(offset) && Math.abs(slopes[0] ?? Number.NaN) < 20).toBe(true);
  });

  it('stays finite where two features say the same', () => {
    const { slopes, offset } = fitLogistic([trials.scores, trials.scores.map((score) => 3 * score)], trials.same);
    const { slopes: alone } = fitLogistic([trials.scores], trials.same);
    expect((slopes[0] ?? 0) + 3 * (slopes[1] ?? 0)).toBeCloseTo(alone[0] ?? 0, 5);
    expect(Number.isFinite(offset)).toBe(true);
  });

  it('is refused for what is not finite, too short, or no prior', () => {
    const same = Uint8Array.of(1, 0);
    expect(() => fitLogistic([Float64Array.of(1, Number.NaN)], same)).toThrow('feature 0 is NaN in row 1');
    expect(() => fitLogistic([Float64Array.of(1)], same)).toThrow('has 1 values for 2 labels');
    expect(() => fitLogistic([Float64Array.of(1, 2)], same, { prior: 1 })).toThrow('the prior is 1');
    expect(() => fitLogistic([Float64Array.of(1, 2), Float64Array.of(3, 3)], same)).toThrow('feature 1 is constant');
  });
});

describe('a calibration that reads uncertainties', () => {
  const left = Float64Array.from(trials.same, gaussian);
  const right = Float64Array.from(trials.same, gaussian);

  it('gives the same whichever side is left', () => {
    const [one, other] = [
      { left, right },
      { left: right, right: left },
    ];
    expect(fitQuality(trials.scores, trials.same, one)).toEqual(fitQuality(trials.scores, trials.same, other));
  });

  it('finds what uncertainty takes from a score', () => {
    // The worse side's noise is added, so that the ratio's slope falls from 2 to 2 / (1 + noise²).
    const faded = trials.scores.map(
      (score, row) => score + Math.exp(Math.max(left[row] ?? 0, right[row] ?? 0)) * gaussian(),
    );
    const plain = fitScores(faded, trials.same);
    const fitted = fitQuality(faded, trials.same, { left, right });
    const ratios = faded.map(
      (score, row) =>
        fitted.offset + fitted.slope * score + qualityOf(fitted.quality, score, left[row] ?? 0, right[row] ?? 0),
    );
    const cllr = (values: Float64Array) => cllrOf({ ...trials, scores: values });
    const without = cllr(faded.map((score) => plain.offset + plain.slope * score));
    expect(cllr(ratios)).toBeLessThan(without - 0.02);
    const rise = (a: number, b: number) => qualityOf(fitted.quality, 1, a, b) - qualityOf(fitted.quality, 0, a, b);
    expect(rise(1.2, -1)).toBeLessThan(rise(-1, -1));
  });

  it('never lets the ratio fall where the score rises, and takes distances as they are', () => {
    for (const sign of [1, -1]) {
      const { slope, quality } = fitQuality(
        trials.scores.map((score) => sign * score),
        trials.same,
        { left, right },
      );
      const { range } = quality;
      const inside = Array.from({ length: 9 }, (_, step) => range[0] + (step / 8) * (range[1] - range[0]));
      for (const [a, b] of [
        ...inside.flatMap((worse) => inside.map((better) => [worse, better] as const)),
        [-9, -9],
        [-9, 9],
        [9, 9],
        [0, 1],
      ] as const) {
        const rise = slope + qualityOf(quality, 1, a, b) - qualityOf(quality, 0, a, b);
        expect(rise * sign).toBeGreaterThanOrEqual(-1e-9);
      }
    }
  });

  it('is refused where all uncertainties are equal', () => {
    const flat = left.map(() => -3);
    expect(() => fitQuality(trials.scores, trials.same, { left: flat, right: flat })).toThrow('do not help');
    expect(() => fitQuality(trials.scores, trials.same, { left: flat.slice(1), right: flat })).toThrow(
      'one of each a pair',
    );
  });
});

describe('a table of false match rates, as core reads it', () => {
  it('never tells less than was seen, nor less than one in all, and falls', () => {
    const ratios = fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 1, maxLength: 500 });
    fc.assert(
      fc.property(ratios, fc.array(fc.integer({ min: -320, max: 320 }), { minLength: 1 }), (list, asked) => {
        const fmr = { points: fmrTable(Float64Array.from(list)), impostorSubjectPairs: list.length };
        const read = (llr: number) => fmrAt({ fmr } as Calibration, llr);
        for (const llr of asked) {
          const seen = list.filter((ratio) => ratio >= llr).length / list.length;
          expect(read(llr).rate).toBeGreaterThanOrEqual(Math.max(seen, 1 / list.length) - 1e-12);
          expect(read(llr).upper).toBeGreaterThanOrEqual(read(llr).rate);
          expect(read(llr + 1).rate).toBeLessThanOrEqual(read(llr).rate);
          expect(read(llr + 1).upper).toBeLessThanOrEqual(read(llr).upper);
        }
      }),
    );
  });
});

describe('upper bounds of a false match rate', () => {
  it('are wider where fewer pairs are independent', () => {
    const ratios = Float64Array.from({ length: 1000 }, random);
    const [all, few] = [fmrTable(ratios), fmrTable(ratios, 50)];
    expect(few.map(({ llr, rate }) => [llr, rate])).toEqual(all.map(({ llr, rate }) => [llr, rate]));
    expect(few.at(-1)?.upper).toBeGreaterThan(1 - 0.05 ** (1 / 50));
    for (const [index, point] of few.entries()) {
      expect(point.upper).toBeGreaterThanOrEqual(all[index]?.upper ?? 1);
      expect(point.upper).toBeLessThanOrEqual(few[index - 1]?.upper ?? 1);
    }
    expect(() => fmrTable(ratios, 2000)).toThrow('2000 of 1000');
  });
});

describe('error against discard', () => {
  const few = trialsOf([4, 3, 2, 1, 0, 2.5], [1, 1, 1, 0, 0, 0]);

  it('counts misses at a threshold fixed beforehand', () => {
    // By rising uncertainty: 4, 3, 1, 0, then 2 and 2.5 together.
    const points = errorVersusDiscard(few, Float64Array.of(0, 1, 9, 2, 3, 9), [0, 1 / 6, 2 / 6], 2.5);
    expect(points.map(({ fnmr }) => fnmr)).toEqual([1 / 3, 0.5 / 2.5, 0]);
    expect(discardArea(points, 'fnmr')).toBeCloseTo((1 / 3 + 2 * 0.2 + 0) / 4, 12);
  });

  it('is flat where all uncertainties are equal, in whatever order the pairs come', () => {
    const points = errorVersusDiscard(trials, new Float64Array(trials.same.length), [0, 0.3, 0.6]);
    for (const { eer } of points) expect(eer).toBeCloseTo(points[0]?.eer ?? 0, 12);
    expect(discardArea(points)).toBeCloseTo(points[0]?.eer ?? 0, 12);
  });

  it('has no error where one class is left, and refuses what is no uncertainty or share', () => {
    const [point] = errorVersusDiscard(few, Float64Array.of(0, 0, 0, 1, 1, 1), [0.5]);
    expect(point).toEqual({ discarded: 0.5, eer: null, fnmr: null });
    expect(() => errorVersusDiscard(few, Float64Array.of(1, 2))).toThrow('2 uncertainties for 6 pairs');
    expect(() => errorVersusDiscard(few, Float64Array.of(0, 0, Number.NaN, 1, 1, 1))).toThrow('uncertainty 2 is NaN');
    expect(() => errorVersusDiscard(few, new Float64Array(6), [1])).toThrow('a share of 1');
    expect(() => discardArea([])).toThrow('two shares');
  });
});

describe('a cap on the genuine pairs of a subject', () => {
  it('holds, and leaves the impostors as many', () => {
    const many = Int32Array.from({ length: 60 }, (_, sample) => (sample < 40 ? 0 : sample - 39));
    const capped = samplePairs(Int32Array.of(...many, 1), 100, 3, { genuinePerSubject: 5 });
    const genuine = capped.same.filter((same) => same === 1).length;
    expect(genuine).toBe(6);
    expect(capped.same.length - genuine).toBe(100);
    expect(() => samplePairs(many, 10, 1, { genuinePerSubject: 0 })).toThrow('0 genuine pairs');
    expect(() => samplePairs(many, 1.5, 1)).toThrow('1.5 impostor pairs');
  });
});
