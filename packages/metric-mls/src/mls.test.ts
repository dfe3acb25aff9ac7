import { metricConformance, mlsReference } from '@affinis/conformance';
import type { EmbeddingBlock } from '@affinis/core';
import plugin, { createMls, mls, mlsLlr } from './index.ts';

metricConformance('mls', createMls, {
  polarity: 'similarity',
  needsVariance: true,
  reference: mlsReference,
  examples: [
    // ln N(0; 0, 1), the standard normal's density at its mean.
    {
      what: 'standard normal',
      left: gaussian([0.5], [0.5]),
      right: gaussian([0.5], [0.5]),
      score: -0.9189385332046727,
    },
    // ln N(1; 0, 1) + ln N(2; 0, 1) = -1.4189385332 - 2.9189385332.
    {
      what: 'two dimensions',
      left: gaussian([1, 2], [0.25, 0.75]),
      right: gaussian([0, 0], [0.75, 0.25]),
      score: -4.337877066409345,
    },
    // s = (0.4, 0.6): -(1/0.4 + 1/0.6 + ln 0.4 + ln 0.6)/2 - ln 2π.
    {
      what: 'unequal variances',
      left: gaussian([1, 0], [0.1, 0.2]),
      right: gaussian([0, 1], [0.3, 0.4]),
      score: -3.207652221922606,
    },
    // D = 4, s = 2 everywhere, squared distance 4: -(4/2 + 4 ln 2)/2 - 2 ln 2π.
    {
      what: 'scalar',
      left: gaussian([1, 1, 1, 1], [0.5]),
      right: gaussian([0, 0, 0, 0], [1.5]),
      score: -6.0620484939385815,
    },
  ],
});

describe('mls', () => {
  const metric = createMls();
  const score = (left: ReturnType<typeof gaussian>, right: ReturnType<typeof gaussian>): number => {
    const scores = new Float64Array(1);
    metric.scoreBlock(block(left), block(right), scores);
    return scores[0] ?? Number.NaN;
  };

  it('is the logarithm of the integral over both densities, which defines it', () => {
    const density = (x: number, mean: number, variance: number) =>
      Math.exp(-((x - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
    let integral = 0;
    const step = 1e-3;
    for (let x = -12; x < 12; x += step) integral += density(x, 0.75, 0.5) * density(x, -0.25, 1.25) * step;
    expect(score(gaussian([0.75], [0.5]), gaussian([-0.25], [1.25]))).toBeCloseTo(Math.log(integral), 9);
  });

  it("is minus half of the authors' code's value, less the constant that it drops", () => {
    // seasonSH/Probabilistic-Face-Embeddings, utils/utils.py, pair_MLS_score: -sum(diff² / s + log s).
    const authors = -((0.5 - 0.25) ** 2 / 0.75 + Math.log(0.75)) - ((1 - 0.5) ** 2 / 1.5 + Math.log(1.5));
    const ours = score(gaussian([0.5, 1], [0.25, 0.5]), gaussian([0.25, 0.5], [0.5, 1]));
    expect(ours).toBeCloseTo(authors / 2 - Math.log(2 * Math.PI), 12);
  });

  it('falls with distance at a fixed variance, and the faster the surer both sides are', () => {
    const at = (distance: number, variance: number) =>
      score(gaussian([0], [variance]), gaussian([distance], [variance]));
    expect(at(0, 0.5)).toBeGreaterThan(at(1, 0.5));
    expect(at(1, 0.5)).toBeGreaterThan(at(2, 0.5));
    expect(at(0, 0.125) - at(1, 0.125)).toBeGreaterThan(at(0, 0.5) - at(1, 0.5));
  });

  it('tends to the density of one side where the other is certain, and forgets the means where both are unsure', () => {
    const nearlyCertain = score(gaussian([0.5], [1e-30]), gaussian([1.5], [2]));
    expect(nearlyCertain).toBeCloseTo(-0.25 - 0.5 * Math.log(4 * Math.PI), 12);
    const same = score(gaussian([1, 0], [1e20]), gaussian([1, 0], [1e20]));
    const opposite = score(gaussian([1, 0], [1e20]), gaussian([-1, 0], [1e20]));
    expect(opposite).toBeCloseTo(same, 12);
  });

  it("is finite at float32's smallest and largest values", () => {
    const [smallest, largest] = [2 ** -149, 3.4e38];
    for (const variance of [smallest, largest])
      for (const mean of [smallest, largest]) {
        const left = gaussian(Array(9).fill(mean), Array(9).fill(variance));
        expect(Number.isFinite(score(left, gaussian(Array(9).fill(-mean), Array(9).fill(smallest))))).toBe(true);
      }
  });

  it('says what to do where there is no variance', () => {
    const { variances: _, ...means } = block(gaussian([1], [1]));
    const plain: EmbeddingBlock = { ...means, varianceKind: 'none' };
    expect(() => metric.scoreBlock(plain, plain, new Float64Array(1))).toThrow(
      expect.objectContaining({ reason: 'NO_VARIANCE', message: expect.stringContaining('use cosine or an embedder') }),
    );
  });

  it('is offered by the plugin under its id', () => {
    expect(plugin.metrics).toEqual([mls, mlsLlr]);
    expect(mls.create(mls.parameters.parse({}))).toMatchObject({ id: 'mls', needsVariance: true });
  });
});

function gaussian(mean: readonly number[], variance: readonly number[]) {
  return { mean, variance };
}

function block({ mean, variance }: ReturnType<typeof gaussian>): EmbeddingBlock {
  return {
    dimension: mean.length,
    means: Float32Array.from(mean),
    variances: Float32Array.from(variance),
    varianceKind: variance.length === 1 ? 'scalar' : 'diagonal',
    unitNorm: false,
    start: 0,
    count: 1,
  };
}
