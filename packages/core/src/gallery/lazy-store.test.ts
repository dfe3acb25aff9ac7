import { createLazyStore } from './lazy-store.ts';
import { createMemoryStore } from './memory-store.ts';
import type { StoredGallery } from './template-store.ts';

const gallery: StoredGallery = {
  name: 'g',
  space: 's',
  dimension: 2,
  unitNorm: true,
  varianceKind: 'none',
  createdAt: 0,
  settings: {},
};
const create = [{ kind: 'create-gallery', gallery }] as const;

it('is opened by the first gallery that is created, once, and not before', async () => {
  let opened = 0;
  const store = createLazyStore(() => {
    opened++;
    return createMemoryStore();
  });
  expect(await store.galleries()).toEqual([]);
  expect(await store.write([{ kind: 'delete-gallery', gallery: 'g' }])).toMatchObject([
    { error: { code: 'not-found' } },
  ]);
  await expect(store.get('g', 'a')).rejects.toMatchObject({ code: 'not-found' });
  expect(() => store.idOf('g', 1)).toThrow(/no gallery/);
  expect(opened).toBe(0);
  const results = await Promise.all([store.write(create), store.write(create)]);
  expect(results).toMatchObject([[{ ok: true }], [{ error: { code: 'already-exists' } }]]);
  expect([opened, await store.galleries()]).toEqual([1, [gallery]]);
  expect(await store.get('g', 'a')).toBeUndefined();
  await store.close();
});

it('tries again where it could not be opened', async () => {
  let broken = true;
  const store = createLazyStore(async () => {
    if (broken) throw new Error('no disk');
    return createMemoryStore();
  });
  await expect(store.write(create)).rejects.toThrow('no disk');
  broken = false;
  expect(await store.write(create)).toMatchObject([{ ok: true }]);
});

it('ends without having been opened', async () => {
  await expect(createLazyStore(() => Promise.reject(new Error('never'))).close()).resolves.toBeUndefined();
});
