import { metricConformance, mlsLlrReference } from '@affinis/conformance';
import type { EmbeddingBlock, Metric, Population } from '@affinis/core';
import fc from 'fast-check';
import { createMls, createMlsLlr, mlsLlr } from './index.ts';

const even = { mean: 0.25, between: 0.375 };
const evenPopulation = (dimension: number): Population => ({
  mean: new Float32Array(dimension).fill(even.mean),
  between: new Float32Array(dimension).fill(even.between),
});

metricConformance('mls-llr', createMlsLlr, {
  polarity: 'similarity',
  needsVariance: true,
  population: even,
  reference: mlsLlrReference(() => even),
  // What is rare in the population is better evidence than what is common, so neither law holds.
  selfIsBest: false,
  ranksAsEuclidean: false,
});

const one = (mean: number, variance: number): EmbeddingBlock => ({
  dimension: 1,
  means: Float32Array.of(mean),
  variances: Float32Array.of(variance),
  varianceKind: 'diagonal',
  unitNorm: false,
  start: 0,
  count: 1,
});
const scoreOf = (metric: Metric, left: EmbeddingBlock, right: EmbeddingBlock): number => {
  const scores = new Float64Array(1);
  metric.scoreBlock(left, right, scores);
  return scores[0] ?? Number.NaN;
};
const population = (mean: number, between: number): Population => ({
  mean: Float32Array.of(mean),
  between: Float32Array.of(between),
});

describe('mls-llr', () => {
  it('is the logarithm of the two hypotheses’ densities, integrated over what is not seen', () => {
    const normal = (x: number, mean: number, variance: number) =>
      Math.exp(-((x - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
    const integrate = (f: (x: number) => number) => {
      let sum = 0;
      for (let x = -14; x < 14; x += 1e-3) sum += f(x) * 1e-3;
      return sum;
    };
    for (const [a, v1, b, v2, m, between] of [
      [0.5, 0.25, 0.75, 0.5, 0.125, 1],
      [-1.5, 0.125, 1, 2, 0, 0.5],
      [2, 0.5, 2, 0.5, -1, 1.5],
    ] as const) {
      const same = integrate((z) => normal(z, m, between) * normal(a, z, v1) * normal(b, z, v2));
      const left = integrate((z) => normal(z, m, between) * normal(a, z, v1));
      const right = integrate((z) => normal(z, m, between) * normal(b, z, v2));
      const score = scoreOf(createMlsLlr(population(m, between)), one(a, v1), one(b, v2));
      expect(score).toBeCloseTo(Math.log(same / (left * right)), 9);
    }
  });

  it('is that in two dimensions as well, of a diagonal variance beside a scalar one', () => {
    const normal = (x: number, mean: number, variance: number) =>
      Math.exp(-((x - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
    const [m, between] = [
      [0.25, -0.5],
      [0.75, 1.5],
    ] as const;
    const left = { ...one(0, 1), dimension: 2, means: Float32Array.of(1, -0.5), variances: Float32Array.of(0.5, 0.25) };
    const right = {
      ...left,
      means: Float32Array.of(0.25, 0.75),
      variances: Float32Array.of(1.25),
      varianceKind: 'scalar' as const,
    };
    const density = (z: readonly [number, number], means: Float32Array, variance: (d: 0 | 1) => number) =>
      normal(means[0] ?? 0, z[0], variance(0)) * normal(means[1] ?? 0, z[1], variance(1));
    const sums = { same: 0, left: 0, right: 0 };
    const step = 0.05;
    for (let z0 = -9; z0 < 9; z0 += step)
      for (let z1 = -9; z1 < 9; z1 += step) {
        const prior = normal(z0, m[0], between[0]) * normal(z1, m[1], between[1]) * step ** 2;
        const a = density([z0, z1], left.means, (d) => (d === 0 ? 0.5 : 0.25));
        const b = density([z0, z1], right.means, () => 1.25);
        sums.same += prior * a * b;
        sums.left += prior * a;
        sums.right += prior * b;
      }
    const metric = createMlsLlr({ mean: Float32Array.from(m), between: Float32Array.from(between) });
    expect(scoreOf(metric, left, right)).toBeCloseTo(Math.log(sums.same / (sums.left * sums.right)), 9);
  });

  it('takes any population and variance that float32 holds, in any number of dimensions', () => {
    for (const dimension of [1, 4, 9, 300])
      for (const between of [2 ** -149, 1, 3e38])
        for (const variance of [2 ** -149, 1, 3e38]) {
          const known = {
            mean: new Float32Array(dimension),
            between: new Float32Array(dimension).fill(between),
          };
          const block: EmbeddingBlock = {
            ...one(0, 1),
            dimension,
            means: new Float32Array(dimension).fill(0.5),
            variances: new Float32Array(dimension).fill(variance),
          };
          const point = { mean: [...block.means], variance: [...(block.variances ?? [])] };
          const { score, magnitude } = mlsLlrReference(() => ({ mean: 0, between: known.between[0] ?? 0 }))(
            point,
            point,
          );
          expect(Math.abs(scoreOf(createMlsLlr(known), block, block) - score)).toBeLessThanOrEqual(1e-12 * magnitude);
        }
  });

  it('takes mean and between-variance of each dimension', () => {
    const uneven = (d: number) => ({ mean: 0.25 * ((d % 3) - 1), between: 0.125 * (1 + (d % 4)) });
    const reference = mlsLlrReference(uneven);
    const numbers = (length: number, options: object) =>
      fc.array(fc.float({ noNaN: true, ...options }), { minLength: length, maxLength: length });
    const side = fc.record({
      mean: numbers(7, { min: -4, max: 4 }),
      variance: numbers(7, { min: Math.fround(1e-6), max: 8 }),
    });
    const metric = createMlsLlr({
      mean: Float32Array.from({ length: 7 }, (_, d) => uneven(d).mean),
      between: Float32Array.from({ length: 7 }, (_, d) => uneven(d).between),
    });
    const block = ({ mean, variance }: { mean: number[]; variance: number[] }): EmbeddingBlock => ({
      ...one(0, 1),
      dimension: 7,
      means: Float32Array.from(mean),
      variances: Float32Array.from(variance),
    });
    fc.assert(
      fc.property(side, side, (left, right) => {
        const { score, magnitude } = reference(left, right);
        expect(Math.abs(scoreOf(metric, block(left), block(right)) - score)).toBeLessThanOrEqual(1e-12 * magnitude);
      }),
    );
  });

  it('tends to mls less a constant as the population flattens, in many dimensions', () => {
    const dimension = 37;
    const between = Math.fround(1e12);
    const random = (d: number, seed: number) => Math.sin(seed * 12.9898 + d * 78.233);
    const side = (seed: number): EmbeddingBlock => ({
      ...one(0, 1),
      dimension,
      means: Float32Array.from({ length: dimension }, (_, d) => random(d, seed)),
      variances: Float32Array.from({ length: dimension }, (_, d) => 0.1 + random(d, seed + 0.5) ** 2),
    });
    const metric = createMlsLlr({
      mean: new Float32Array(dimension),
      between: new Float32Array(dimension).fill(between),
    });
    for (const seed of [1, 2, 3]) {
      const difference = scoreOf(metric, side(seed), side(seed + 9)) - scoreOf(createMls(), side(seed), side(seed + 9));
      expect(difference).toBeCloseTo((dimension / 2) * Math.log(2 * Math.PI * between), 8);
    }
  });

  it('tends to mls less a constant as the population flattens, in one dimension', () => {
    const between = 1e12;
    const constant = 0.5 * Math.log(2 * Math.PI * between);
    for (const [a, b, v] of [
      [0, 1, 0.5],
      [2, -1, 2],
    ] as const) {
      const flat = scoreOf(createMlsLlr(population(0, between)), one(a, v), one(b, v));
      expect(flat - constant).toBeCloseTo(scoreOf(createMls(), one(a, v), one(b, v)), 5);
    }
  });

  it('says nothing of a sample that knows nothing', () => {
    expect(scoreOf(createMlsLlr(population(0, 1)), one(2, 1e12), one(2, 0.1))).toBeCloseTo(0, 9);
  });

  it('finds the rare better evidence than the common', () => {
    const metric = createMlsLlr(population(0, 1));
    expect(scoreOf(metric, one(3, 0.1), one(3, 0.1))).toBeGreaterThan(scoreOf(metric, one(0, 0.1), one(0, 0.1)));
  });

  it('refuses to score without a population, or with one of another dimension, and says what to do', () => {
    const scores = new Float64Array(1);
    const act = (metric: Metric) => () => metric.scoreBlock(one(0, 1), one(0, 1), scores);
    expect(act(createMlsLlr())).toThrow(
      expect.objectContaining({ code: 'failed-precondition', reason: 'NO_POPULATION' }),
    );
    expect(act(createMlsLlr(evenPopulation(2)))).toThrow(expect.objectContaining({ reason: 'DIMENSION_MISMATCH' }));
  });

  it('is created by its definition with the model’s population', () => {
    const metric = mlsLlr.create({}, population(0, 1));
    expect(metric).toMatchObject({ id: 'mls-llr', polarity: 'similarity', needsVariance: true });
    expect(scoreOf(metric, one(1, 0.5), one(1, 0.5))).toBeGreaterThan(0);
  });
});
