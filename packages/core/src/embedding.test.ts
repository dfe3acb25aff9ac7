import fc from 'fast-check';
import { checkEmbedding, type Embedding } from './embedding.ts';
import { AffinisError } from './errors.ts';
import { embeddingOf } from './testing/toys.ts';

function refusal(embedding: Embedding, field?: string): AffinisError | undefined {
  try {
    checkEmbedding(embedding, field);
    return undefined;
  } catch (thrown) {
    return AffinisError.from(thrown);
  }
}
const withVariance = (kind: 'scalar' | 'diagonal', ...values: number[]) =>
  embeddingOf([3, 4], { variance: { kind, values: Float32Array.from(values) } });

const component = fc.float({ min: -1e6, max: 1e6, noNaN: true, noDefaultInfinity: true });
const mean = fc
  .array(component, { minLength: 1, maxLength: 16 })
  .filter((values) => values.some((value) => Math.abs(value) > 1e-3));
const bad = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);

describe('checkEmbedding', () => {
  it('takes any finite vector that is not zero', () => {
    fc.assert(fc.property(mean, (values) => refusal(embeddingOf(values)) === undefined));
  });

  it('takes the largest float32', () => {
    expect(refusal(embeddingOf([3.4e38, -3.4e38]))).toBeUndefined();
  });

  it('refuses NaN and infinity wherever they stand', () => {
    fc.assert(
      fc.property(mean, bad, fc.nat(), (values, value, place) => {
        const spoilt = values.with(place % values.length, value);
        expect(refusal(embeddingOf(spoilt), 'items[0].embedding')).toMatchObject({
          code: 'invalid-argument',
          field: 'items[0].embedding.mean',
        });
      }),
    );
  });

  it('takes a vector as of norm 1 exactly where it is', () => {
    fc.assert(
      fc.property(mean, fc.double({ min: 0.1, max: 10, noNaN: true }), (values, scale) => {
        const length = Math.hypot(...values.map(Math.fround));
        const scaled = embeddingOf(
          values.map((value) => (value / length) * scale),
          { unitNorm: true },
        );
        const off = Math.abs(scale - 1);
        if (off > 0.002) expect(refusal(scaled)).toMatchObject({ reason: 'BAD_EMBEDDING', field: 'embedding.mean' });
        if (off < 0.0005) expect(refusal(scaled)).toBeUndefined();
      }),
    );
    expect(refusal(embeddingOf([0.6, 0.8], { unitNorm: true }))).toBeUndefined();
  });

  it.each<[string, Embedding, string]>([
    ['no values', embeddingOf([]), 'embedding.mean'],
    ['a zero vector', embeddingOf([0, -0]), 'embedding.mean'],
    ['an empty space', embeddingOf([1], { space: '' }), 'embedding.space'],
    ['a scalar variance of two values', withVariance('scalar', 1, 1), 'embedding.variance'],
    ['a diagonal variance of one', withVariance('diagonal', 1), 'embedding.variance'],
    ['no variance in one dimension', withVariance('diagonal', 1, 0), 'embedding.variance'],
    ['a negative variance', withVariance('scalar', -1e-9), 'embedding.variance'],
    ['NaN as variance', withVariance('scalar', Number.NaN), 'embedding.variance'],
    ['an infinite variance', withVariance('diagonal', 1, Number.POSITIVE_INFINITY), 'embedding.variance'],
  ])('refuses %s', (_, embedding, field) => {
    const error = refusal(embedding);
    expect(error).toMatchObject({ code: 'invalid-argument', reason: 'BAD_EMBEDDING', field });
    expect(error?.message.startsWith(`[core] ${field} `)).toBe(true);
  });

  it('takes positive variances of the right length', () => {
    expect(refusal(withVariance('scalar', 1e-30))).toBeUndefined();
    expect(refusal(withVariance('diagonal', 1, 2))).toBeUndefined();
  });
});
