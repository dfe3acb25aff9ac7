import type { Embedding } from '@affinis/core';
import { angle, anglesConfig, direction } from '../testing/angles.ts';
import { errorOf, outcomesOf, unwrap, unwrapAll } from '../testing/results.ts';
import { useServer } from '../testing/use-server.ts';

const server = useServer({ config: anglesConfig('galleries: { maxTemplates: 4 }\n') });

const embedding = (values: readonly number[], extra: Partial<Embedding> = {}) => ({
  kind: 'embedding' as const,
  embedding: { mean: Float32Array.from(values), unitNorm: true, space: 'angles/1', ...extra },
});
const good = { templateId: 'good', samples: [direction(0)] };
const unit = [1, 0, 0, 0, 0, 0, 0, 0];

beforeAll(async () => {
  await server().client.createGallery('staff', 'cosine');
  await server().client.createGallery('unsure', 'unsure');
  unwrapAll(await server().client.enroll('staff', [good]));
});

/** What cannot be enrolled cannot be looked for either. */
const badVectors: [string, ReturnType<typeof direction>, object][] = [
  ['NaN', embedding([Number.NaN, ...unit.slice(1)]), { code: 'invalid-argument', field: 'samples[0].embedding.mean' }],
  ['infinity', embedding([Number.POSITIVE_INFINITY, ...unit.slice(1)]), { code: 'invalid-argument' }],
  ['the zero vector', embedding(unit.map(() => 0)), { reason: 'BAD_EMBEDDING', field: 'samples[0].embedding.mean' }],
  ['another dimension', embedding([1, 0]), { code: 'invalid-argument', field: 'samples[0].embedding.mean' }],
  ['another norm', embedding([2, ...unit.slice(1)]), { code: 'invalid-argument' }],
  [
    'another space',
    embedding([1, 0, 0, 0], { space: 'other/1' }),
    { code: 'failed-precondition', reason: 'TWO_SPACES', field: 'samples[0].embedding.space' },
  ],
  ['a sample that cannot be embedded', angle('north'), { code: 'invalid-argument', field: 'samples[0].text' }],
];

describe('a bad vector fails alone, with its status and field', () => {
  it.each(badVectors)('enrolled: %s', async (_, sample, error) => {
    const { field, ...rest } = error as { field?: string };
    const items = [good, { templateId: 'bad', samples: [sample] }, good];
    const results = await server().client.enroll('staff', items);
    expect(results.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(results[1]).toMatchObject({ error: { ...rest, ...(field ? { field: `items[1].${field}` } : {}) } });
  });

  it.each(badVectors)('looked for: %s', async (_, sample, error) => {
    const { field, ...rest } = error as { field?: string };
    const results = await server().client.identify('staff', [[direction(0)], [sample], [direction(1)]]);
    expect(results.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(results[1]).toMatchObject({ error: { ...rest, ...(field ? { field: `items[1].${field}` } : {}) } });
  });

  it('nothing of it was kept', async () => {
    expect(outcomesOf(await server().client.getTemplates('staff', ['bad', 'good']))).toEqual(['NO_TEMPLATE', 'ok']);
  });

  it('a variance that the gallery needs is missing, or of another head', async () => {
    const { client } = server();
    const variance = { kind: 'scalar' as const, values: Float32Array.of(0.01) };
    const results = await client.enroll('unsure', [
      { templateId: 'ann', samples: [direction(0)] },
      { templateId: 'ann', samples: [direction(0, { variance, varianceId: 'else' })] },
      { templateId: 'ann', samples: [direction(0, { variance, varianceId: 'angles' })] },
    ]);
    expect(results).toMatchObject([
      { error: { code: 'failed-precondition', reason: 'NO_VARIANCE', field: 'items[0].samples[0].variance' } },
      { error: { code: 'failed-precondition', reason: 'TWO_VARIANCES', field: 'items[1].samples[0].variance' } },
      { ok: true },
    ]);
    const [found, lacking] = await client.identify('unsure', [
      [direction(0, { variance, varianceId: 'angles' })],
      [direction(0)],
    ]);
    expect(found).toMatchObject({ value: { decision: 'match', templateId: 'ann' } });
    expect(lacking).toMatchObject({ error: { reason: 'NO_VARIANCE', field: 'items[1].samples[0].variance' } });
  });

  it('samples that cancel out', async () => {
    const opposite = { templateId: 'odd', samples: [direction(0), direction(180)] };
    const [result] = await server().client.enroll('staff', [opposite]);
    expect(result).toMatchObject({ error: { reason: 'NO_DIRECTION', field: 'items[0].samples' } });
  });
});

describe('an item that may not be enrolled', () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, key) => [`k${key}`, 'v']));

  it.each<[string, object, object]>([
    ['17 pairs', { metadata: many(17) }, { reason: 'METADATA_LIMIT', field: 'items[0].metadata' }],
    ['a key of 65 bytes', { metadata: { ['k'.repeat(65)]: '' } }, { reason: 'METADATA_LIMIT' }],
    ['a value of 257 bytes', { metadata: { k: 'é'.repeat(129) } }, { reason: 'METADATA_LIMIT' }],
    ['an empty key', { metadata: { '': 'v' } }, { reason: 'METADATA_LIMIT' }],
    ['no id', { templateId: '' }, { code: 'invalid-argument', field: 'items[0].template_id' }],
    [
      'an id of 257 bytes',
      { templateId: 'a'.repeat(257) },
      { code: 'invalid-argument', field: 'items[0].template_id' },
    ],
    ['no samples', { samples: [] }, { reason: 'EMPTY', field: 'items[0].samples' }],
    ['a time gone by', { expiresAt: Date.now() - 1 }, { reason: 'EXPIRED', field: 'items[0].expires_at' }],
    [
      'a template that exists, in mode CREATE',
      { mode: 'create' },
      { code: 'already-exists', reason: 'TEMPLATE_EXISTS' },
    ],
  ])('%s', async (_, change, error) => {
    const [result] = await server().client.enroll('staff', [{ ...good, ...change }]);
    expect(result).toMatchObject({ ok: false, error: { code: 'invalid-argument', ...error } });
  });

  it('metadata at its limits are kept, and count together with those that are there', async () => {
    const { client } = server();
    const full = { ...many(15), ['k'.repeat(64)]: 'v'.repeat(256) };
    unwrapAll(await client.enroll('staff', [{ ...good, metadata: full }]));
    const [more] = await client.enroll('staff', [{ ...good, metadata: { other: 'v' } }]);
    expect(more).toMatchObject({ error: { reason: 'METADATA_LIMIT' } });
    const replaced = unwrap((await client.enroll('staff', [{ ...good, mode: 'replace' }]))[0]);
    expect(replaced).toMatchObject({ created: false, template: { sourceCount: 1, metadata: {} } });
  });

  it('a template beyond maxTemplates, however many come at once', async () => {
    const { client } = server();
    await client.createGallery('small', 'cosine');
    const items = Array.from({ length: 6 }, (_, index) => ({ templateId: `t${index}`, samples: [direction(index)] }));
    const outcomes = outcomesOf(await client.enroll('small', items));
    expect(outcomes).toEqual(['ok', 'ok', 'ok', 'ok', 'GALLERY_FULL', 'GALLERY_FULL']);
    expect(outcomesOf(await client.enroll('small', items.slice(0, 2)))).toEqual(['ok', 'ok']);
    unwrapAll(await client.deleteTemplates('small', ['t0']));
    expect(outcomesOf(await client.enroll('small', items.slice(4)))).toEqual(['ok', 'GALLERY_FULL']);
  });
});

describe('a call that fails as a whole', () => {
  const probe = [[direction(0)]];

  it.each<[string, () => Promise<unknown>, object]>([
    [
      'an unknown gallery, naming those there are',
      () => server().client.enroll('stuff', [good]),
      { code: 'not-found', field: 'gallery', message: expect.stringContaining('staff') },
    ],
    [
      'an unknown pipeline',
      () => server().client.identify('staff', probe, { pipeline: 'palm' }),
      { code: 'not-found', reason: 'NO_PIPELINE', field: 'pipeline' },
    ],
    [
      'a pipeline of another model, naming what moves the gallery',
      () => server().client.identify('staff', probe, { pipeline: 'other' }),
      {
        code: 'failed-precondition',
        reason: 'OTHER_MODEL',
        message: expect.stringContaining('affinis gallery migrate'),
      },
    ],
    [
      'the same for enrolling',
      () => server().client.enroll('staff', [good], { pipeline: 'other' }),
      { code: 'failed-precondition', reason: 'OTHER_MODEL', field: 'pipeline' },
    ],
    [
      'a metric that needs variances on a gallery without',
      () => server().client.identify('staff', probe, { pipeline: 'unsure' }),
      { code: 'failed-precondition', reason: 'NO_VARIANCE', message: expect.stringContaining('migrate') },
    ],
    [
      'a gallery that exists',
      () => server().client.createGallery('staff', 'cosine'),
      { code: 'already-exists', reason: 'GALLERY_EXISTS', field: 'name' },
    ],
    ['a bad name', () => server().client.createGallery('../x', 'cosine'), { reason: 'BAD_NAME', field: 'name' }],
    ['a gallery of no pipeline', () => server().client.createGallery('new', 'palm'), { code: 'not-found' }],
    ['deleting what is not there', () => server().client.deleteGallery('stuff'), { code: 'not-found' }],
    ['too many candidates', () => server().client.identify('staff', probe, { k: 101 }), { field: 'k' }],
    ['too large a page', () => server().client.listTemplates('staff', { pageSize: 1001 }), { field: 'page_size' }],
    [
      'a page token of nobody',
      () => server().client.listTemplates('staff', { pageToken: 'abc' }),
      { field: 'page_token' },
    ],
    [
      'a filter that no metadata could have',
      () => server().client.identify('staff', probe, { filter: { '': 'x' } }),
      { code: 'invalid-argument', field: 'filter' },
    ],
  ])('%s', async (_, call, error) => {
    expect(await errorOf(call())).toMatchObject(error);
  });
});
