import assert from 'node:assert/strict';
import { codeOf, idsOf, refuses, rejects, type StoreLaw } from './store-assertions.ts';
import { assertSame, galleryOf, templateOf, write } from './template-samples.ts';

/** Scans, deletion, memory and the end. */
export const lifeLaws: readonly StoreLaw[] = [
  [
    'scans by the bytes of the ids, from any id on, there or not',
    async (store) => {
      await write(store, { kind: 'create-gallery', gallery: galleryOf('g') });
      await write(store, { kind: 'create-gallery', gallery: galleryOf('h') });
      const ids = ['～', '😀', 'a', 'aa', 'B', ...Array.from({ length: 60 }, (_, at) => `n${at}`)];
      await write(store, ...ids.map((id) => ({ kind: 'put', gallery: 'g', template: templateOf(id) }) as const));
      await write(store, { kind: 'put', gallery: 'h', template: templateOf('other') });
      const sorted = ids.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
      assertSame(await idsOf(store, 'g'), sorted);
      assertSame(await idsOf(store, 'g', 'n5'), sorted.slice(sorted.indexOf('n5') + 1));
      assertSame(await idsOf(store, 'g', 'n59x'), sorted.slice(sorted.indexOf('n59') + 1));
      assertSame(await idsOf(store, 'g', '😀'), []);
    },
  ],
  [
    'goes on with a scan while templates are written and deleted, and may be left early',
    async (store) => {
      await write(store, { kind: 'create-gallery', gallery: galleryOf('g') });
      const ids = Array.from({ length: 100 }, (_, at) => `n${100 + at}`);
      await write(store, ...ids.map((id) => ({ kind: 'put', gallery: 'g', template: templateOf(id) }) as const));
      const seen: string[] = [];
      for await (const { id } of store.scan('g')) {
        seen.push(id);
        if (id === 'n110') await write(store, { kind: 'delete', gallery: 'g', id: 'n190' });
      }
      assertSame(
        seen.filter((id) => id !== 'n190'),
        ids.filter((id) => id !== 'n190'),
      );
      for await (const { id } of store.scan('g')) if (id === 'n101') break;
      await write(store, { kind: 'delete-gallery', gallery: 'g' });
    },
  ],
  [
    'renames a gallery with all that is in it, in the place of the one that had the name',
    async (store) => {
      for (const name of ['old', 'new']) await write(store, { kind: 'create-gallery', gallery: galleryOf(name) });
      await write(store, { kind: 'put', gallery: 'old', template: templateOf('a') });
      const [kept] = await write(store, { kind: 'put', gallery: 'new', template: templateOf('b', 2) });
      await write(store, { kind: 'rename-gallery', gallery: 'new', to: 'old' });
      assertSame(await store.galleries(), [galleryOf('old')]);
      assertSame(await idsOf(store, 'old'), ['b']);
      assert.equal((await store.get('old', 'b'))?.sequence, kept?.sequence);
      await rejects('not-found', () => store.get('new', 'b'));
      await write(store, { kind: 'put', gallery: 'old', template: templateOf('c', 3) });
      await write(store, { kind: 'rename-gallery', gallery: 'old', to: 'other' });
      await write(store, { kind: 'rename-gallery', gallery: 'other', to: 'other' });
      assertSame(await idsOf(store, 'other'), ['b', 'c']);
      await refuses(store, 'not-found', { kind: 'rename-gallery', gallery: 'old', to: 'new' });
      await refuses(store, 'invalid-argument', { kind: 'rename-gallery', gallery: 'other', to: '' });
    },
  ],
  [
    'deletes a gallery with all that is in it; one of the same name begins anew',
    async (store) => {
      await write(store, { kind: 'create-gallery', gallery: galleryOf('g') });
      const [before] = await write(store, { kind: 'put', gallery: 'g', template: templateOf('a') });
      await write(store, { kind: 'delete-gallery', gallery: 'g' });
      assertSame(await store.galleries(), []);
      await rejects('not-found', () => store.get('g', 'a'));
      await write(store, { kind: 'create-gallery', gallery: galleryOf('g', 'none') });
      assert.equal(await store.get('g', 'a'), undefined);
      assertSame(await idsOf(store, 'g'), []);
      const template = templateOf('a', 1, {}, 'none');
      const [after] = await write(store, { kind: 'put', gallery: 'g', template });
      assert.ok((after?.sequence ?? 0) > (before?.sequence ?? 0), 'a sequence number came twice');
      assert.equal(after?.revision, 1);
    },
  ],
  [
    'has no clock: what has expired stays until it is deleted, whenever it was written',
    async (store) => {
      await write(store, { kind: 'create-gallery', gallery: galleryOf('g') });
      const template = templateOf('a', 1, { createdAt: 900, updatedAt: 100, expiresAt: 1 });
      await write(store, { kind: 'put', gallery: 'g', template });
      assertSame(await store.get('g', 'a'), { ...template, sequence: 1, revision: 1 });
    },
  ],
  [
    'shares no memory with what it is given and what it gives',
    async (store) => {
      const gallery = { ...galleryOf('g'), settings: { list: [1] } };
      const template = templateOf('a', 1, { metadata: { team: 'blue' } });
      await write(store, { kind: 'create-gallery', gallery });
      await write(store, { kind: 'put', gallery: 'g', template });
      const kept = templateOf('a', 1, { metadata: { team: 'blue' } });
      template.fused.mean.fill(9);
      gallery.settings.list.push(2);
      const given = await store.get('g', 'a');
      assertSame(given?.fused, kept.fused);
      given?.fused.mean.fill(8);
      given?.sources[0]?.embedding.mean.fill(8);
      const again = await store.get('g', 'a');
      assertSame([again?.fused, again?.sources], [kept.fused, kept.sources]);
      assertSame((await store.galleries())[0]?.settings, { list: [1] });
    },
  ],
  [
    'refuses what comes after its end, which may come twice',
    async (store) => {
      await write(store, { kind: 'create-gallery', gallery: galleryOf('g') });
      const last = store.write([{ kind: 'put', gallery: 'g', template: templateOf('a') }]);
      await store.close();
      await store.close();
      assertSame((await last).map(codeOf), ['ok']);
      await rejects('failed-precondition', () => store.get('g', 'a'));
      await rejects('failed-precondition', () => store.write([{ kind: 'delete-gallery', gallery: 'g' }]));
      await rejects('failed-precondition', () => store.galleries());
      await rejects('failed-precondition', () => idsOf(store, 'g'));
    },
  ],
];
