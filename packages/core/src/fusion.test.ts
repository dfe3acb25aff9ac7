import fc from 'fast-check';
import type { Embedding } from './embedding.ts';
import { checkEmbedding } from './embedding.ts';
import { type FusionKind, fuse, fusionKinds } from './fusion.ts';
import { embeddingOf } from './testing/toys.ts';

const unit = (degrees: number, extra: Partial<Embedding> = {}) =>
  embeddingOf([Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)], { unitNorm: true, ...extra });
const gaussian = (mean: number[], values: number[], extra: Partial<Embedding> = {}) =>
  embeddingOf(mean, {
    variance: { kind: 'diagonal', values: Float32Array.from(values) },
    varianceId: 'head',
    ...extra,
  });

const weighing = fusionKinds.filter((kind) => kind !== 'mean');
const variancesOf = ({ variance }: Embedding) => variance?.values ?? new Float32Array();
const lengthOf = ({ mean }: Embedding) => Math.hypot(...mean);
const onSphere = (values: number[]) => values.map((value) => value / Math.hypot(...values));

const means = [
  [0.6, -0.8, 0],
  [0.8, -0.6, 0],
  [0, -0.6, 0.8],
];
const variances = [
  [0.5, 0.25, 0.125],
  [0.125, 0.5, 1],
  [2, 0.0625, 0.25],
];
/** Computed once in exact fractions (Python's `fractions`); `length` is the norm of the mean. */
const computed: { kind: FusionKind; mean: number[]; variance: number[]; length: number }[] = [
  {
    kind: 'mean',
    mean: [0.46666667858759564, -0.6666666865348816, 0.26666667064030963],
    variance: [0.2916666666666667, 0.09027777777777778, 0.1527777777777778],
    length: 0.8563488617787518,
  },
  {
    kind: 'inverse-variance',
    mean: [0.7238095374334426, -0.6363636580380526, 0.24615384982182428],
    variance: [0.125, 0.0625, 0.125],
    length: 0.9947113498564751,
  },
  {
    kind: 'gaussian-product',
    mean: [0.7238095374334426, -0.6363636580380526, 0.24615384982182428],
    variance: [0.09523809523809523, 0.045454545454545456, 0.07692307692307693],
    length: 0.9947113498564751,
  },
];

describe('fuse', () => {
  it('gives back a single embedding as it is', () => {
    const one = gaussian([1, 2], [3, 4]);
    expect(fuse([one])).toBe(one);
  });

  it('scales the mean back to norm 1 in unit-norm spaces', () => {
    const fused = fuse([unit(0), unit(90)]);
    expect([...fused.mean]).toEqual([expect.closeTo(Math.SQRT1_2), expect.closeTo(Math.SQRT1_2)]);
    expect(fused).toMatchObject({ unitNorm: true, space: 'toy@1/0' });
  });

  it('takes the plain mean elsewhere', () => {
    expect([...fuse([embeddingOf([1, 2]), embeddingOf([3, 6]), embeddingOf([2, 1])]).mean]).toEqual([2, 3]);
  });

  it('gives the variance of the mean, Σv/n²', () => {
    const fused = fuse([gaussian([1, 2], [1, 2]), gaussian([3, 4], [3, 6])]);
    expect(fused).toMatchObject({ variance: { kind: 'diagonal', values: Float32Array.of(1, 2) }, varianceId: 'head' });
  });

  it('scales the variance as it scales the mean', () => {
    // The mean of two unit vectors at right angles has norm 1/√2, so it grows by √2 and its variance by 2.
    const variance = { kind: 'scalar', values: Float32Array.of(0.5) } as const;
    const fused = fuse([unit(0, { variance }), unit(90, { variance })]);
    expect(fused.variance?.values[0]).toBeCloseTo(((0.5 + 0.5) / 4) * 2);
    expect(fused).not.toHaveProperty('varianceId');
  });

  it.each<[string, Embedding]>([
    ['none', embeddingOf([3, 4])],
    [
      'another kind',
      embeddingOf([3, 4], { variance: { kind: 'scalar', values: Float32Array.of(1) }, varianceId: 'head' }),
    ],
    ['another id', gaussian([3, 4], [1, 1], { varianceId: 'other' })],
  ])('drops the variance where one sample has %s', (_, other) => {
    for (const pair of [
      [gaussian([1, 2], [1, 2]), other],
      [other, gaussian([1, 2], [1, 2])],
    ]) {
      const fused = fuse(pair);
      expect(fused).not.toHaveProperty('variance');
      expect(fused).not.toHaveProperty('varianceId');
      expect([...fused.mean]).toEqual([2, 3]);
    }
  });

  it.each<[string, Embedding[]]>([
    ['opposite directions', [unit(30), unit(210)]],
    ['opposite vectors of any length', [embeddingOf([1e-20, 2e-20]), embeddingOf([-1e-20, -2e-20])]],
    ['three directions', [unit(0), unit(120), unit(240)]],
  ])('refuses %s, which cancel out', (_, samples) => {
    expect(() => fuse(samples)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field: 'samples', reason: 'NO_DIRECTION' }),
    );
  });

  it.each([[embeddingOf([1, 2], { space: 'other' })], [embeddingOf([1])]])(
    'refuses samples of two spaces (%#)',
    (other) => {
      expect(() => fuse([embeddingOf([1, 2]), embeddingOf([1, 2]), other])).toThrow(
        expect.objectContaining({ code: 'failed-precondition', field: 'samples[2]', reason: 'TWO_SPACES' }),
      );
    },
  );

  it('refuses no samples', () => {
    expect(() => fuse([])).toThrow('at least one sample');
  });

  it('is a valid embedding of unit vectors, whatever their order', () => {
    const angles = fc.array(fc.integer({ min: -60, max: 60 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(angles, (degrees) => {
        const forth = fuse(degrees.map((angle) => unit(angle)));
        const back = fuse(degrees.toReversed().map((angle) => unit(angle)));
        expect(() => checkEmbedding(forth)).not.toThrow();
        for (const [d, value] of forth.mean.entries()) expect(value).toBeCloseTo(back.mean[d] ?? Number.NaN, 5);
      }),
    );
  });

  describe.each(computed)('$kind', ({ kind, mean, variance, length }) => {
    it('agrees with exact arithmetic', () => {
      const fused = fuse(
        means.map((values, index) => gaussian(values, variances[index] ?? [])),
        kind,
      );
      for (const [d, value] of fused.mean.entries()) expect(value).toBeCloseTo(mean[d] ?? Number.NaN, 6);
      for (const [d, value] of variancesOf(fused).entries()) expect(value).toBeCloseTo(variance[d] ?? Number.NaN, 6);
      expect(fused).toMatchObject({ variance: { kind: 'diagonal' }, varianceId: 'head', unitNorm: false });
    });

    it('scales mean and variance back to the sphere', () => {
      const fused = fuse(
        means.map((values, index) => gaussian(values, variances[index] ?? [], { unitNorm: true })),
        kind,
      );
      expect(() => checkEmbedding(fused)).not.toThrow();
      expect(Math.hypot(...fused.mean)).toBeCloseTo(1, 6);
      for (const [d, value] of fused.mean.entries()) expect(value).toBeCloseTo((mean[d] ?? 0) / length, 6);
      for (const [d, value] of variancesOf(fused).entries())
        expect(value).toBeCloseTo((variance[d] ?? 0) / length ** 2, 6);
    });
  });

  it('takes the mean where all variances are equal, and says how sure it is by its kind', () => {
    const samples = [gaussian([1, 2], [0.5, 0.25]), gaussian([3, 6], [0.5, 0.25]), gaussian([2, 1], [0.5, 0.25])];
    const fused = fusionKinds.map((kind) => fuse(samples, kind));
    for (const { mean } of fused) expect([...mean]).toEqual([expect.closeTo(2, 6), expect.closeTo(3, 6)]);
    expect(fused.map((each) => variancesOf(each)[0])).toEqual([0.5 / 3, 0.5, 0.5 / 3].map(Math.fround));
  });

  it.each(weighing)('lets one sure sample dominate (%s)', (kind) => {
    const { mean } = fuse([gaussian([1, -1], [1e-6, 1]), gaussian([5, 7], [1, 1e-6])], kind);
    expect([...mean]).toEqual([expect.closeTo(1, 4), expect.closeTo(7, 4)]);
  });

  it.each(weighing)('fuses scalar variances to a scalar one, and scalar beside diagonal to a diagonal (%s)', (kind) => {
    const scalar = (mean: number[], value: number) =>
      embeddingOf(mean, { variance: { kind: 'scalar', values: Float32Array.of(value) }, varianceId: 'head' });
    const pair = [scalar([1, 2], 0.25), scalar([3, 4], 0.5)];
    const spread = [gaussian([1, 2], [0.25, 0.25]), gaussian([3, 4], [0.5, 0.5])];
    const [fused, expected] = [fuse(pair, kind), fuse(spread, kind)];
    expect(fused.mean).toEqual(expected.mean);
    expect(fused.variance).toEqual({ kind: 'scalar', values: variancesOf(expected).slice(0, 1) });
    expect(fuse([pair[0] ?? gaussian([], []), spread[1] ?? gaussian([], [])], kind)).toEqual(expected);
  });

  it.each(weighing)('needs variances of one head on every sample (%s)', (kind) => {
    const sure = gaussian([1, 2], [1, 1]);
    const refused = (field: string, reason: string) =>
      expect.objectContaining({ code: 'failed-precondition', field, reason });
    expect(() => fuse([sure, embeddingOf([3, 4])], kind)).toThrow(refused('samples[1].variance', 'NO_VARIANCE'));
    expect(() => fuse([embeddingOf([3, 4]), sure], kind)).toThrow(refused('samples[0].variance', 'NO_VARIANCE'));
    expect(() => fuse([sure, sure, gaussian([1, 2], [1, 1], { varianceId: 'other' })], kind)).toThrow(
      refused('samples[2].variance', 'TWO_VARIANCES'),
    );
    const single = embeddingOf([3, 4]);
    expect(fuse([single], kind)).toBe(single);
  });

  it.each(weighing)('refuses sure samples that cancel out, however unsure ones differ (%s)', (kind) => {
    const samples = [gaussian([1, 1], [1e-6, 1e-6]), gaussian([-1, -1], [1e-6, 1e-6])];
    expect(() => fuse(samples, kind)).toThrow(expect.objectContaining({ reason: 'NO_DIRECTION' }));
  });

  it('gives a valid embedding at the ends of float32', () => {
    const ends = fc.constantFrom(2 ** -149, 1e-38, 1, 3e38);
    const sample = fc.tuple(fc.constantFrom(1e-18, 1, 1e18), ends, ends);
    fc.assert(
      fc.property(fc.array(sample, { minLength: 2, maxLength: 6 }), fc.constantFrom(...fusionKinds), (all, kind) => {
        const samples = all.map(([size, v1, v2]) => gaussian([size, 2 * size], [v1, v2]));
        expect(() => checkEmbedding(fuse(samples, kind))).not.toThrow();
      }),
    );
  });

  it('depends on no order, and is no less sure than the least sure sample before it is scaled', () => {
    const number = (min: number, max: number) => fc.float({ min, max, noNaN: true });
    const sample = fc.tuple(
      fc.array(number(0.125, 1), { minLength: 5, maxLength: 5 }),
      fc.array(number(0.015625, 8), { minLength: 5, maxLength: 5 }),
    );
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 2, maxLength: 7 }),
        fc.constantFrom(...fusionKinds),
        fc.boolean(),
        (all, kind, unitNorm) => {
          const samples = all.map(([values, v]) => gaussian(unitNorm ? onSphere(values) : values, v, { unitNorm }));
          const fused = fuse(samples, kind);
          const back = fuse(samples.toReversed(), kind);
          expect(() => checkEmbedding(fused)).not.toThrow();
          const scale = unitNorm
            ? lengthOf(
                fuse(
                  samples.map((each) => ({ ...each, unitNorm: false })),
                  kind,
                ),
              ) ** 2
            : 1;
          for (const [d, value] of fused.mean.entries()) expect(value).toBeCloseTo(back.mean[d] ?? Number.NaN, 5);
          for (const [d, value] of variancesOf(fused).entries()) {
            expect(value / (variancesOf(back)[d] ?? 0)).toBeCloseTo(1, 5);
            const worst = Math.max(...samples.map((each) => variancesOf(each)[d] ?? 0));
            expect(value * scale).toBeLessThanOrEqual(worst * (1 + 1e-5));
          }
        },
      ),
    );
  });
});
