import { createToyIndices, direction, toyGalleries, toyPipeline } from '../testing/toy-galleries.ts';
import { createToyMetric } from '../testing/toys.ts';
import type { Gallery } from './gallery.ts';
import { createMemoryStore } from './memory-store.ts';

const scanned = () => toyPipeline({ metric: createToyMetric({ scan: { kind: 'cosine' } }) });
const enroll = (gallery: Gallery, templateId: string, degrees: number, extra = {}) =>
  gallery.enroll(gallery.pipeline(), { templateId, samples: [direction(degrees)], ...extra });

async function identify(gallery: Gallery, degrees: number, options = {}) {
  const [result] = await gallery.identify(gallery.pipeline(), [[direction(degrees)]], { k: 3, ...options });
  if (!result?.ok) throw result?.error ?? new Error('no result');
  return result.value;
}

describe.each(['by the metric itself', 'by a row index'])('galleries searched %s', (way) => {
  const indexed = way === 'by a row index';
  const start = async (changes = {}) => {
    const indices = createToyIndices();
    const toy = await toyGalleries({
      pipeline: indexed ? scanned() : toyPipeline(),
      ...(indexed ? { indices: indices.factory } : {}),
      ...changes,
    });
    await toy.galleries.create('g', 'toy');
    return { ...toy, indices, gallery: toy.galleries.find('g') };
  };

  it('follow every write once they have been searched', async () => {
    const { gallery } = await start();
    expect(await identify(gallery, 0)).toMatchObject({ decision: 'unknown', candidates: [], searched: 0 });
    await enroll(gallery, 'a', 0);
    await enroll(gallery, 'b', 90);
    expect(await identify(gallery, 1)).toMatchObject({ decision: 'match', templateId: 'a', searched: 2 });
    await enroll(gallery, 'a', 180, { mode: 'replace' });
    expect(await identify(gallery, 1)).toMatchObject({ decision: 'unknown', searched: 2 });
    expect(await identify(gallery, 181)).toMatchObject({ templateId: 'a' });
    await gallery.remove('a');
    const { candidates, searched } = await identify(gallery, 181);
    expect([candidates.map(({ templateId }) => templateId), searched]).toEqual([['b'], 1]);
  });

  it('are filled while others write, and miss nothing', async () => {
    const store = createMemoryStore();
    const first = await start({ store });
    await Promise.all(Array.from({ length: 3000 }, (_, index) => enroll(first.gallery, `t${index}`, index / 10)));
    const again = await toyGalleries({
      store,
      pipeline: indexed ? scanned() : toyPipeline(),
      ...(indexed ? { indices: createToyIndices().factory } : {}),
    });
    const gallery = again.galleries.find('g');
    const [found] = await Promise.all([
      identify(gallery, 299.9),
      enroll(gallery, 'late', 301),
      gallery.remove('t5'),
      enroll(gallery, 't6', 302, { mode: 'replace' }),
    ]);
    expect(found.candidates[0]?.templateId).toBe('t2999');
    expect(await identify(gallery, 301)).toMatchObject({
      searched: 3000,
      candidates: [{ templateId: 'late' }, {}, {}],
    });
    expect(await identify(gallery, 302)).toMatchObject({ candidates: [{ templateId: 't6' }, {}, {}] });
    expect((await gallery.describe()).templates).toBe(3000);
  });

  it('never return an expired template, not even when the clock goes back', async () => {
    const { gallery, galleries, clock } = await start();
    await enroll(gallery, 'a', 0, { expiresAt: 2000 });
    await enroll(gallery, 'b', 90);
    expect(await identify(gallery, 0)).toMatchObject({ templateId: 'a', searched: 2 });
    clock.now = 2000;
    const gone = async () => {
      expect(await identify(gallery, 0)).toMatchObject({ decision: 'unknown', searched: 1 });
      await expect(gallery.get('a')).rejects.toMatchObject({ code: 'not-found' });
      await expect(gallery.remove('a')).rejects.toMatchObject({ code: 'not-found' });
      expect((await gallery.page({ limit: 10 })).templates.map(({ id }) => id)).toEqual(['b']);
      expect(await galleries.list()).toMatchObject([{ templates: 1 }]);
      expect(await identify(gallery, 0, { filter: {} })).toMatchObject({ searched: 1 });
    };
    await gone();
    clock.now = 500;
    await gone();
    // Enrolled anew it begins anew: nothing of what had expired is in it.
    const { created, template } = await enroll(gallery, 'a', 180);
    expect([created, template.sourceCount, template.createdAt]).toEqual([true, 1, 2000]);
    expect(await identify(gallery, 180)).toMatchObject({ templateId: 'a', searched: 2 });
    expect(await galleries.list()).toMatchObject([{ templates: 2 }]);
  });

  it('count no expired template among those that a filter leaves', async () => {
    const { gallery, clock } = await start();
    await enroll(gallery, 'a', 0, { expiresAt: 2000, metadata: { team: 'red' } });
    await enroll(gallery, 'b', 10, { metadata: { team: 'red' } });
    await enroll(gallery, 'c', 20, { metadata: { team: 'blue' } });
    expect(await identify(gallery, 0, { filter: { team: 'red' } })).toMatchObject({ searched: 2 });
    clock.now = 3000;
    const { searched, candidates } = await identify(gallery, 0, { filter: { team: 'red' } });
    expect([searched, candidates.map(({ templateId }) => templateId)]).toEqual([1, ['b']]);
  });

  it('take 2,000 samples of one identity into one row and 64 sources', async () => {
    const { gallery, store } = await start();
    await identify(gallery, 0);
    const all = Array.from({ length: 2000 }, (_, index) => enroll(gallery, 'a', (index % 90) / 10));
    await Promise.all(all);
    expect(await identify(gallery, 4)).toMatchObject({ templateId: 'a', searched: 1, candidates: [{}] });
    expect((await store.get('g', 'a'))?.sources).toHaveLength(64);
    expect([...store.rows('g')]).toHaveLength(1);
  });
});

describe('the row index', () => {
  it('holds exact rows while they fit the memory, and is built anew where they no longer do', async () => {
    const indices = createToyIndices();
    const { galleries } = await toyGalleries({
      pipeline: scanned(),
      indices: indices.factory,
      memoryLimitBytes: 10 * 13,
    });
    await galleries.create('g', 'toy');
    const gallery = galleries.find('g');
    for (let index = 0; index < 10; index++) await enroll(gallery, `t${index}`, index);
    await identify(gallery, 0);
    expect(indices.made.map(({ mode }) => mode)).toEqual(['exact']);
    for (let index = 10; index < 40; index++) await enroll(gallery, `t${index}`, index);
    const found = await identify(gallery, 39);
    expect(found).toMatchObject({ templateId: 't39', searched: 40 });
    expect(indices.made.map(({ mode }) => mode)).toEqual(['exact', 'quantised']);
    expect(indices.closed).toBe(1);
    const [, quantised] = indices.made;
    const mean = new Float32Array(2);
    expect(quantised?.readRow?.(1, mean, new Float32Array())).toBe(true);
    expect(mean[0]).toBe(1);
    await galleries.close();
    expect(indices.closed).toBe(3);
  });

  it('is asked for all probes of a batch at once', async () => {
    const indices = createToyIndices();
    const { galleries } = await toyGalleries({ pipeline: scanned(), indices: indices.factory });
    await galleries.create('g', 'toy');
    const gallery = galleries.find('g');
    await enroll(gallery, 'a', 0);
    const probes = [[direction(0)], [direction(Number.NaN)], [direction(90)]];
    const results = await gallery.identify(gallery.pipeline(), probes, { k: 1 });
    expect(results.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(indices.searches).toEqual([2]);
  });
});

describe('a search that meets a change', () => {
  it('is made again where a template that it found has got a new row', async () => {
    const indices = createToyIndices();
    const { galleries } = await toyGalleries({
      pipeline: scanned(),
      indices: {
        ...indices.factory,
        create(options) {
          const index = indices.factory.create(options);
          let changed = false;
          return Object.assign(Object.create(index) as typeof index, {
            async search(...parameters: Parameters<typeof index.search>) {
              const found = await index.search(...parameters);
              if (!changed) await enroll(galleries.find('g'), 'a', 2);
              changed = true;
              return found;
            },
          });
        },
      },
    });
    await galleries.create('g', 'toy');
    const gallery = galleries.find('g');
    await enroll(gallery, 'a', 0);
    expect(await identify(gallery, 1)).toMatchObject({ decision: 'match', templateId: 'a', searched: 1 });
    expect(indices.searches).toHaveLength(2);
  });
});

describe('a gallery that is deleted', () => {
  it('ends what still asks it with not-found, and leaves its name free', async () => {
    const { galleries } = await toyGalleries();
    await galleries.create('g', 'toy');
    const gallery = galleries.find('g');
    await enroll(gallery, 'a', 0);
    await identify(gallery, 0);
    await galleries.delete('g');
    await expect(identify(gallery, 0)).rejects.toMatchObject({ code: 'not-found', field: 'gallery' });
    await expect(enroll(gallery, 'c', 0)).rejects.toMatchObject({ code: 'not-found' });
    await expect(gallery.describe()).rejects.toMatchObject({ code: 'not-found' });
    expect(() => galleries.find('g')).toThrow(/there is none/);
    expect(await galleries.create('g', 'toy')).toMatchObject({ templates: 0 });
    await enroll(galleries.find('g'), 'a', 90);
    expect(await identify(galleries.find('g'), 90)).toMatchObject({ templateId: 'a', searched: 1 });
  });
});

describe('open-set figures', () => {
  it('bound the false match rate of a search by N times that of a comparison', async () => {
    const calibrated = (fmr: number) => ({
      llr: 3,
      probability: 0.9,
      prior: 0.5,
      fmr,
      fmrUpper: fmr,
      calibration: 'c',
    });
    const policy = { kind: 'fmr', fmr: 0.01 } as const;
    const pipeline = toyPipeline({
      judge: (score) => ({ decision: score > 0.9 ? 'match' : 'no_match', policy, calibrated: calibrated(0.3) }),
    });
    const { galleries } = await toyGalleries({ pipeline });
    await galleries.create('g', 'toy');
    const gallery = galleries.find('g');
    for (const [index, id] of ['a', 'b', 'c'].entries()) await enroll(gallery, id, index * 90);
    const three = await identify(gallery, 0);
    expect(three).toMatchObject({ policy, candidates: [{ calibrated: { fmr: 0.3 } }, {}, {}] });
    expect(three.candidates[0]?.searchFmr).toBeCloseTo(0.9);
    await enroll(gallery, 'd', 270);
    expect((await identify(gallery, 0)).candidates[0]?.searchFmr).toBe(1);
  });
});
