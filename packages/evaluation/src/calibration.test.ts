import fc from 'fast-check';
import { cllrOf, minCllrOf } from './cllr.ts';
import { fmrTable } from './fmr-table.ts';
import { fitLogistic, ratioOf } from './logistic.ts';
import { poolAdjacentViolators } from './pav.ts';
import { createRandom } from './random.ts';
import { trialsOf } from './testing/trials.ts';

/** Normally distributed (Box and Muller). */
const gaussian = (random: () => number) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

describe('pool adjacent violators', () => {
  it('is the nearest non-decreasing sequence, by trying them all', () => {
    const values = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 5 });
    const grid = Array.from({ length: 37 }, (_, step) => step / 12);
    const best = (targets: number[], from = 0): number => {
      const [first, ...rest] = targets;
      if (first === undefined) return 0;
      return Math.min(
        ...grid.filter((level) => level >= from).map((level) => (level - first) ** 2 + best(rest, level)),
      );
    };
    fc.assert(
      fc.property(
        values.filter((list) => list.length <= 3),
        (list) => {
          const fitted = poolAdjacentViolators(Float64Array.from(list), new Float64Array(list.length).fill(1));
          const cost = list.reduce((sum, value, index) => sum + (value - (fitted[index] ?? 0)) ** 2, 0);
          expect(cost).toBeLessThanOrEqual(best(list) + 1e-12);
          for (let index = 1; index < fitted.length; index++)
            expect(fitted[index]).toBeGreaterThanOrEqual(fitted[index - 1] ?? 0);
        },
      ),
    );
  });
});

describe('Cllr', () => {
  it('is 1 for no information and 0 for certainty', () => {
    expect(cllrOf(trialsOf([0, 0, 0], [1, 0, 0]))).toBeCloseTo(1);
    expect(cllrOf(trialsOf([40, -40], [1, 0]))).toBeCloseTo(0);
    expect(cllrOf(trialsOf([-800, 800], [1, 0]))).toBeCloseTo(800 / Math.LN2);
  });

  it('is never below its minimum, which is 0 for separable and 1 for constant scores', () => {
    const rows = fc.array(fc.tuple(fc.double({ min: -20, max: 20, noNaN: true }), fc.boolean()), {
      minLength: 2,
      maxLength: 40,
    });
    fc.assert(
      fc.property(
        rows.filter((list) => new Set(list.map(([, same]) => same)).size === 2),
        (list) => {
          const trials = trialsOf(
            list.map(([score]) => score),
            list.map(([, same]) => (same ? 1 : 0)),
          );
          expect(cllrOf(trials)).toBeGreaterThanOrEqual(minCllrOf(trials) - 1e-12);
        },
      ),
    );
    expect(minCllrOf(trialsOf([2, 1], [1, 0]))).toBe(0);
    expect(minCllrOf(trialsOf([1, 1, 1], [1, 0, 0]))).toBeCloseTo(1);
  });
});

describe('a logistic', () => {
  it('finds the ratio of two normal distributions, whatever their shares', () => {
    const random = createRandom(5);
    const same = Uint8Array.from({ length: 40_000 }, (_, row) => (row % 10 === 0 ? 1 : 0));
    const scores = Float64Array.from(same, (label) => gaussian(random) + 2 * label);
    // ln N(x; 2, 1) - ln N(x; 0, 1) = 2x - 2.
    const { offset, slopes } = fitLogistic([scores], same);
    expect(slopes[0]).toBeCloseTo(2, 1);
    expect(offset).toBeCloseTo(-2, 1);
  });

  it('reads several features', () => {
    const random = createRandom(6);
    const same = Uint8Array.from({ length: 20_000 }, (_, row) => row % 2);
    const a = Float64Array.from(same, (label) => gaussian(random) + label);
    const b = Float64Array.from(same, (label) => 2 * gaussian(random) - 2 * label);
    const fitted = fitLogistic([a, b], same);
    expect(fitted.slopes[0]).toBeCloseTo(1, 1);
    expect(fitted.slopes[1]).toBeCloseTo(-0.5, 1);
    expect(ratioOf(fitted, [1, 1])).toBeCloseTo(fitted.offset + (fitted.slopes[0] ?? 0) + (fitted.slopes[1] ?? 0), 12);
  });

  it('stays finite for separable classes', () => {
    const { offset, slopes } = fitLogistic([Float64Array.of(-2, -1, 1, 2)], Uint8Array.of(0, 0, 1, 1));
    expect(Number.isFinite(offset)).toBe(true);
    expect(slopes[0]).toBeGreaterThan(0);
    expect(slopes[0]).toBeLessThan(20);
  });

  it('refuses constant scores and one class', () => {
    expect(() => fitLogistic([Float64Array.of(1, 1)], Uint8Array.of(0, 1))).toThrow('all scores are equal');
    expect(() => fitLogistic([Float64Array.of(1, 2)], Uint8Array.of(1, 1))).toThrow('needs genuine and impostor');
  });
});

describe('a table of false match rates', () => {
  it('never claims less than was seen, and holds every rate within a step of it', () => {
    const ratios = fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(ratios, (list) => {
        const points = fmrTable(Float64Array.from(list));
        for (const { llr, rate, upper } of points) {
          expect(rate).toBeCloseTo(list.filter((ratio) => ratio >= llr).length / list.length, 12);
          expect(rate).toBeGreaterThanOrEqual(1 / list.length);
          expect(upper).toBeGreaterThanOrEqual(rate);
        }
        for (let index = 1; index < points.length; index++)
          expect(points[index]?.llr).toBeGreaterThan(points[index - 1]?.llr ?? 0);
        expect(points[0]?.rate).toBe(1);
        expect(points.at(-1)?.llr).toBe(Math.max(...list));
      }),
    );
  });

  it('stays small for many impostors', () => {
    const random = createRandom(1);
    const points = fmrTable(Float64Array.from({ length: 200_000 }, random));
    expect(points.length).toBeLessThan(250);
    expect(points.at(-1)).toMatchObject({ rate: 1 / 200_000 });
  });

  it('is refused without impostors or with one that is not finite', () => {
    expect(() => fmrTable(new Float64Array())).toThrow('needs impostor pairs');
    expect(() => fmrTable(Float64Array.of(Number.NaN))).toThrow('not finite');
  });
});
