import { checkComparable, packBlock, scorePair } from './blocks.ts';
import type { Embedding, Variance } from './embedding.ts';
import { createToyMetric, embeddingOf } from './testing/toys.ts';

const scalar = (value: number): Variance => ({ kind: 'scalar', values: Float32Array.of(value) });
const diagonal = (...values: number[]): Variance => ({ kind: 'diagonal', values: Float32Array.from(values) });

describe('packBlock', () => {
  it('lays rows one after another, with the variance they share', () => {
    expect(
      packBlock([embeddingOf([1, 2], { variance: diagonal(3, 4) }), embeddingOf([5, 6], { variance: diagonal(7, 8) })]),
    ).toEqual({
      dimension: 2,
      means: Float32Array.of(1, 2, 5, 6),
      variances: Float32Array.of(3, 4, 7, 8),
      varianceKind: 'diagonal',
      unitNorm: false,
      start: 0,
      count: 2,
    });
    expect(
      packBlock([embeddingOf([1, 2], { variance: scalar(3) }), embeddingOf([5, 6], { variance: scalar(7) })]).variances,
    ).toEqual(Float32Array.of(3, 7));
  });

  it('is of unit norm only where every row is', () => {
    const rows = [embeddingOf([1, 0], { unitNorm: true }), embeddingOf([0, 1], { unitNorm: false })];
    expect(packBlock(rows).unitNorm).toBe(false);
    expect(packBlock(rows.slice(0, 1)).unitNorm).toBe(true);
  });

  it('leaves variances out where the metric uses none, so that mixed rows fit', () => {
    const block = packBlock([embeddingOf([1, 2], { variance: scalar(1) }), embeddingOf([3, 4])], {
      withVariance: false,
    });
    expect(block).toMatchObject({ varianceKind: 'none', count: 2 });
    expect(block.variances).toBeUndefined();
  });

  it('does not copy a single embedding', () => {
    const one = embeddingOf([1, 2], { variance: diagonal(3, 4) });
    expect(packBlock([one]).means).toBe(one.mean);
    expect(packBlock([one]).variances).toBe(one.variance?.values);
  });

  it.each<[string, Embedding[], object]>([
    [
      'another space',
      [embeddingOf([1]), embeddingOf([1], { space: 'b' })],
      { reason: 'TWO_SPACES', field: '[1].space' },
    ],
    ['another dimension', [embeddingOf([1]), embeddingOf([1, 2])], { field: '[1].mean' }],
    [
      'no variance',
      [embeddingOf([1], { variance: scalar(1) }), embeddingOf([1])],
      { reason: 'TWO_VARIANCES', field: '[1].variance' },
    ],
    [
      'another kind of variance',
      [embeddingOf([1], { variance: scalar(1) }), embeddingOf([1], { variance: diagonal(1) })],
      { reason: 'TWO_VARIANCES' },
    ],
    [
      'another variance id',
      [embeddingOf([1], { varianceId: 'a' }), embeddingOf([1], { varianceId: 'b' })],
      { reason: 'TWO_VARIANCES' },
    ],
  ])('refuses a row with %s', (_, rows, error) => {
    expect(() => packBlock(rows)).toThrow(expect.objectContaining(error));
  });

  it('refuses no rows', () => {
    expect(() => packBlock([])).toThrow('at least one');
  });
});

describe('checkComparable', () => {
  const plain = createToyMetric();
  const needy = createToyMetric({ needsVariance: true });
  const point = embeddingOf([1, 2]);
  const gaussian = embeddingOf([1, 2], { variance: diagonal(1, 1), varianceId: 'head' });

  it.each<[Embedding, Embedding, object]>([
    [
      point,
      embeddingOf([1, 2], { space: 'other' }),
      { code: 'failed-precondition', reason: 'TWO_SPACES', field: 'right.space' },
    ],
    [point, embeddingOf([1]), { code: 'invalid-argument', field: 'right.mean' }],
  ])('refuses what no metric may compare (%#)', (left, right, error) => {
    for (const metric of [plain, needy])
      expect(() => checkComparable(metric, left, right)).toThrow(expect.objectContaining(error));
  });

  it.each<[Embedding, Embedding, object]>([
    [point, gaussian, { code: 'failed-precondition', reason: 'NO_VARIANCE', field: 'left.variance' }],
    [gaussian, point, { reason: 'NO_VARIANCE', field: 'right.variance' }],
    [gaussian, { ...gaussian, varianceId: 'other' }, { reason: 'TWO_VARIANCES', field: 'right.variance_id' }],
  ])('refuses a variance that the metric needs and has not (%#)', (left, right, error) => {
    expect(() => checkComparable(needy, left, right)).toThrow(expect.objectContaining(error));
    expect(() => checkComparable(plain, left, right)).not.toThrow();
  });

  it('lets a scalar variance meet a diagonal one', () => {
    const left = { ...gaussian, variance: scalar(1) };
    expect(() => checkComparable(needy, left, gaussian)).not.toThrow();
    expect(() => scorePair(needy, left, gaussian)).not.toThrow();
  });
});

describe('scorePair', () => {
  it('gives the metric’s score', () => {
    expect(scorePair(createToyMetric(), embeddingOf([1, 2]), embeddingOf([3, 4]))).toBe(11);
  });

  it('hands variances only to metrics that need them', () => {
    const kinds: string[] = [];
    const watch = (needsVariance: boolean) =>
      createToyMetric({ needsVariance, scoreBlock: ({ varianceKind }) => void kinds.push(varianceKind) });
    const gaussian = embeddingOf([1, 2], { variance: scalar(1) });
    scorePair(watch(true), gaussian, gaussian);
    scorePair(watch(false), gaussian, gaussian);
    expect(kinds).toEqual(['scalar', 'none']);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %p', (value) => {
    const metric = createToyMetric({ scoreBlock: (_, __, scores) => void scores.fill(value) });
    expect(() => scorePair(metric, embeddingOf([1]), embeddingOf([1]))).toThrow(
      expect.objectContaining({ code: 'invalid-argument', reason: 'NON_FINITE_SCORE' }),
    );
  });
});
