import fc from 'fast-check';
import type { Embedding } from './embedding.ts';
import { checkEmbedding } from './embedding.ts';
import { fuseMean } from './fusion.ts';
import { embeddingOf } from './testing/toys.ts';

const unit = (degrees: number, extra: Partial<Embedding> = {}) =>
  embeddingOf([Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)], { unitNorm: true, ...extra });
const gaussian = (mean: number[], values: number[], extra: Partial<Embedding> = {}) =>
  embeddingOf(mean, {
    variance: { kind: 'diagonal', values: Float32Array.from(values) },
    varianceId: 'head',
    ...extra,
  });

describe('fuseMean', () => {
  it('gives back a single embedding as it is', () => {
    const one = gaussian([1, 2], [3, 4]);
    expect(fuseMean([one])).toBe(one);
  });

  it('scales the mean back to norm 1 in unit-norm spaces', () => {
    const fused = fuseMean([unit(0), unit(90)]);
    expect([...fused.mean]).toEqual([expect.closeTo(Math.SQRT1_2), expect.closeTo(Math.SQRT1_2)]);
    expect(fused).toMatchObject({ unitNorm: true, space: 'toy@1/0' });
  });

  it('takes the plain mean elsewhere', () => {
    expect([...fuseMean([embeddingOf([1, 2]), embeddingOf([3, 6]), embeddingOf([2, 1])]).mean]).toEqual([2, 3]);
  });

  it('gives the variance of the mean, Σv/n²', () => {
    const fused = fuseMean([gaussian([1, 2], [1, 2]), gaussian([3, 4], [3, 6])]);
    expect(fused).toMatchObject({ variance: { kind: 'diagonal', values: Float32Array.of(1, 2) }, varianceId: 'head' });
  });

  it('scales the variance as it scales the mean', () => {
    // The mean of two unit vectors at right angles has norm 1/√2, so it grows by √2 and its variance by 2.
    const variance = { kind: 'scalar', values: Float32Array.of(0.5) } as const;
    const fused = fuseMean([unit(0, { variance }), unit(90, { variance })]);
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
      const fused = fuseMean(pair);
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
    expect(() => fuseMean(samples)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field: 'samples', reason: 'NO_DIRECTION' }),
    );
  });

  it.each([[embeddingOf([1, 2], { space: 'other' })], [embeddingOf([1])]])(
    'refuses samples of two spaces (%#)',
    (other) => {
      expect(() => fuseMean([embeddingOf([1, 2]), embeddingOf([1, 2]), other])).toThrow(
        expect.objectContaining({ code: 'failed-precondition', field: 'samples[2]', reason: 'TWO_SPACES' }),
      );
    },
  );

  it('refuses no samples', () => {
    expect(() => fuseMean([])).toThrow('at least one sample');
  });

  it('does not depend on the order, and is a valid embedding', () => {
    const angles = fc.array(fc.integer({ min: -60, max: 60 }), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(angles, (degrees) => {
        const forth = fuseMean(degrees.map((angle) => unit(angle)));
        const back = fuseMean(degrees.toReversed().map((angle) => unit(angle)));
        expect(() => checkEmbedding(forth)).not.toThrow();
        for (const [d, value] of forth.mean.entries()) expect(value).toBeCloseTo(back.mean[d] ?? Number.NaN, 5);
      }),
    );
  });
});
