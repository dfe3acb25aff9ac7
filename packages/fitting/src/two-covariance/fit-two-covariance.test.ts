import type { TwoCovariance } from '@affinis/core';
import { createRandom } from '@affinis/evaluation';
import { Matrix } from 'ml-matrix';
import { logLikelihood } from './expectation-maximisation.ts';
import { diagonalOf, fitTwoCovariance } from './fit-two-covariance.ts';
import { groupRows, type LabelledRows } from './grouped-rows.ts';
import { withinWhitening } from './within-whitening.ts';

/** Standard normal by Box and Muller. */
function normals(seed: number): () => number {
  const random = createRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const truth = {
  mean: [0.5, -1, 2],
  // Cholesky factors of the covariances.
  between: [
    [1, 0, 0],
    [0.5, 1, 0],
    [0, -0.5, 0.5],
  ],
  within: [
    [0.5, 0, 0],
    [-0.25, 0.5, 0],
    [0.1, 0.2, 0.3],
  ],
};
const covarianceOf = (factor: readonly (readonly number[])[]) =>
  factor.flatMap((a) => factor.map((b) => a.reduce((sum, value, k) => sum + value * (b[k] ?? 0), 0)));

function drawn(subjects: number, seed: number, samplesOf = (subject: number) => 1 + (subject % 5)): LabelledRows {
  const normal = normals(seed);
  const point = (mean: readonly number[], factor: readonly (readonly number[])[]) => {
    const z = mean.map(normal);
    return mean.map((value, d) => value + (factor[d] ?? []).reduce((sum, f, k) => sum + f * (z[k] ?? 0), 0));
  };
  const rows = Array.from({ length: subjects }, (_, subject) => {
    const y = point(truth.mean, truth.between);
    return Array.from({ length: samplesOf(subject) }, () => ({ subject, x: point(y, truth.within) }));
  }).flat();
  return {
    subjects: Int32Array.from(rows, ({ subject }) => subject),
    dimension: 3,
    embeddings: Float32Array.from(rows.flatMap(({ x }) => x)),
  };
}

function matricesOf({ mean, between, within }: Record<'mean' | 'between' | 'within', ArrayLike<number>>) {
  const square = (values: ArrayLike<number>) => Matrix.from1DArray(mean.length, mean.length, Array.from(values));
  return { mean: Matrix.rowVector(Array.from(mean)), between: square(between), within: square(within) };
}

const largest = (actual: Float64Array, expected: readonly number[]) =>
  Math.max(...expected.map((value, i) => Math.abs(value - (actual[i] ?? Number.NaN))));

describe('fitTwoCovariance', () => {
  const options = { iterations: 10, shrinkage: 0, seed: 1 };

  it('finds the model that samples were drawn from, of subjects of many sizes', () => {
    const { model, subjects, samples } = fitTwoCovariance(drawn(20_000, 3), options);
    expect({ subjects, samples }).toEqual({ subjects: 20_000, samples: 60_000 });
    // Standard errors: of a variance of 1.25 between, 1.25 √(2/20000) = 0.013; within, of 60,000 - 20,000, 0.002.
    expect(largest(model.mean, truth.mean)).toBeLessThan(0.04);
    expect(largest(model.between, covarianceOf(truth.between))).toBeLessThan(0.05);
    expect(largest(model.within, covarianceOf(truth.within))).toBeLessThan(0.01);
  });

  it('explains the samples better with every step', () => {
    const rows = drawn(60, 5);
    const groups = groupRows(rows);
    const merits = [0, 1, 2, 5, 20].map((iterations) => {
      const { model } = fitTwoCovariance(rows, { ...options, iterations });
      return logLikelihood(groups, matricesOf(model));
    });
    for (const [step, merit] of merits.entries())
      if (step > 0) expect(merit).toBeGreaterThanOrEqual((merits[step - 1] ?? 0) - 1e-3);
    expect(merits.at(-1)).toBeGreaterThan(merits[0] ?? Number.NaN);
  });

  it('has the likelihood of the joint density, but for a constant of the data', () => {
    // One dimension, subjects {x1, x2} and {x3}: against ln N of [B + W, B; B, B + W] and B + W written out.
    const x = [0.5, 1.25, -1];
    const groups = groupRows({ subjects: Int32Array.of(0, 0, 1), dimension: 1, embeddings: Float32Array.from(x) });
    const direct = (m: number, b: number, w: number) => {
      const [u, v, z] = x.map((value) => value - m) as [number, number, number];
      const determinant = (b + w) ** 2 - b ** 2;
      const pair = ((b + w) * (u * u + v * v) - 2 * b * u * v) / determinant + Math.log(determinant);
      return -0.5 * (pair + (z * z) / (b + w) + Math.log(b + w));
    };
    const ours = (m: number, b: number, w: number) =>
      logLikelihood(groups, matricesOf({ mean: [m], between: [b], within: [w] }));
    const constant = ours(0, 1, 1) - direct(0, 1, 1);
    for (const [m, b, w] of [
      [0.5, 2, 0.25],
      [-1, 0.5, 3],
    ] as const)
      expect(ours(m, b, w)).toBeCloseTo(direct(m, b, w) + constant, 10);
  });

  it('draws covariances to their diagonals, the more the fewer samples there are', () => {
    const one = fitTwoCovariance(drawn(50, 7), { ...options, shrinkage: 1 });
    expect(one.model.within[1]).toBeCloseTo(0, 15);
    const few = fitTwoCovariance(drawn(12, 7), { ...options, shrinkage: 'auto' });
    const many = fitTwoCovariance(drawn(2_000, 7), { ...options, shrinkage: 'auto' });
    expect(few.shrinkage).toBeGreaterThanOrEqual(many.shrinkage);
    expect(many.shrinkage).toBeLessThanOrEqual(0.1);
    expect(diagonalOf(many.model)).toMatchObject({ covariance: 'diagonal', within: { length: 3 } });
  });

  it('keeps dimensions that never vary apart from those that do', () => {
    const { subjects, embeddings } = drawn(200, 9);
    const dead = Float32Array.from({ length: subjects.length * 4 }, (_, at) =>
      at % 4 === 3 ? 0.25 : (embeddings[Math.floor(at / 4) * 3 + (at % 4)] ?? 0),
    );
    const { model } = fitTwoCovariance({ subjects, dimension: 4, embeddings: dead }, options);
    expect(model.within[15]).toBeGreaterThan(0);
    expect(model.between[15]).toBeCloseTo(0, 12);
  });

  it.each([
    ['one subject', drawn(1, 1, () => 4), '1 subjects'],
    ['no subject with two samples', drawn(9, 1, () => 1), '0 with two samples'],
    [
      'numbers that are none',
      { ...drawn(9, 1), embeddings: drawn(9, 1).embeddings.fill(Number.NaN) },
      'NaN in sample 0',
    ],
    ['samples without numbers', { ...drawn(9, 1), embeddings: new Float32Array(2) }, 'has 2 numbers'],
  ])('refuses %s', (_, rows, problem) => {
    expect(() => fitTwoCovariance(rows, options)).toThrow(problem);
  });

  it('asks for a shrinkage where subjects are too few to choose it', () => {
    expect(() => fitTwoCovariance(drawn(5, 1), { ...options, shrinkage: 'auto' })).toThrow('or give one');
  });
});

describe('withinWhitening', () => {
  it('makes the variance within subjects 1 along every axis', () => {
    const within = covarianceOf(truth.within);
    const model: TwoCovariance = {
      dimension: 3,
      covariance: 'full',
      mean: Float64Array.from(truth.mean),
      between: Float64Array.from(covarianceOf(truth.between)),
      within: Float64Array.from(within),
    };
    const factor = withinWhitening(model);
    const row = (p: number) => [...factor.subarray(3 * p, 3 * p + 3)];
    for (const p of [0, 1, 2])
      for (const q of [0, 1, 2]) {
        const value = row(p).reduce(
          (sum, a, i) => sum + row(q).reduce((inner, b, j) => inner + a * b * (within[3 * i + j] ?? Number.NaN), 0),
          0,
        );
        expect(value).toBeCloseTo(p === q ? 1 : 0, 5);
      }
  });
});
