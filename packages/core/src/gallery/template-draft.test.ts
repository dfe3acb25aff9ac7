import type { Embedding } from '../embedding.ts';
import { embeddingOf } from '../testing/toys.ts';
import { enrolInto, finish, type TemplateDraft } from './template-draft.ts';

const embedding = (x: number, variance?: number): Embedding =>
  embeddingOf(
    [x, 1],
    variance === undefined ? {} : { variance: { kind: 'diagonal', values: Float32Array.of(variance, variance) } },
  );

const enrol = (current: TemplateDraft | undefined, embeddings: readonly Embedding[], extra = {}, now = 1) =>
  enrolInto(current, { enrolment: { templateId: 'a', samples: [], ...extra }, embeddings, now, maxSources: 3 });

const first = ({ sources }: TemplateDraft) => sources.map((source) => source.embedding.mean[0]);

describe('a template beyond maxSources', () => {
  it('keeps the newest of embeddings without variance', () => {
    const full = enrol(undefined, [embedding(1), embedding(2), embedding(3)]);
    expect(first(enrol(full, [embedding(4)]))).toEqual([2, 3, 4]);
    expect(
      first(
        enrol(
          undefined,
          [1, 2, 3, 4, 5].map((x) => embedding(x)),
        ),
      ),
    ).toEqual([3, 4, 5]);
  });

  it('keeps the surest of those with one, in the order of their enrolment, and of equals the newest', () => {
    const full = enrol(undefined, [embedding(1, 0.1), embedding(2, 0.5), embedding(3, 0.2)]);
    expect(first(enrol(full, [embedding(4, 0.4)]))).toEqual([1, 3, 4]);
    expect(first(enrol(full, [embedding(4, 0.9)]))).toEqual([1, 2, 3]);
    expect(first(enrol(full, [embedding(4, 0.5)]))).toEqual([1, 3, 4]);
  });

  it('is fused of what it keeps', () => {
    const { fused, sources } = finish(
      enrol(
        undefined,
        [1, 2, 3, 4].map((x) => embedding(x)),
      ),
      'mean',
    );
    expect([fused.mean[0], sources.length]).toEqual([3, 3]);
  });
});

describe('what is there already', () => {
  const extra = { metadata: { team: 'red', desk: '1' }, consentAt: 10, expiresAt: 20 };
  const before = enrol(undefined, [embedding(1)], extra, 5);

  it('stays where something is added, but for what is given anew', () => {
    const added = enrol(before, [embedding(2)], { metadata: { desk: '2' }, expiresAt: 30 }, 6);
    expect(added).toMatchObject({
      metadata: { team: 'red', desk: '2' },
      consentAt: 10,
      expiresAt: 30,
      createdAt: 5,
      updatedAt: 6,
    });
    expect(added.sources.map(({ enrolledAt }) => enrolledAt)).toEqual([5, 6]);
  });

  it('goes where it is replaced, but for when it was created', () => {
    const replaced = enrol(before, [embedding(2)], { mode: 'replace' }, 6);
    expect(replaced).toEqual({
      id: 'a',
      sources: [{ embedding: embedding(2), enrolledAt: 6 }],
      metadata: {},
      createdAt: 5,
      updatedAt: 6,
    });
  });

  it('keeps mode create out', () => {
    expect(() => enrol(before, [embedding(2)], { mode: 'create' })).toThrow(/template_id is enrolled/);
    expect(enrol(undefined, [embedding(2)], { mode: 'create' }).sources).toHaveLength(1);
  });
});
