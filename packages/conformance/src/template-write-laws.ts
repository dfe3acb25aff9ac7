import assert from 'node:assert/strict';
import { codeOf, idsOf, refuses, rejects, type StoreLaw } from './store-assertions.ts';
import { assertSame, embeddingOf, galleryOf, templateOf, write } from './template-samples.ts';

/** What writes do, and what they refuse. */
export const writeLaws: readonly StoreLaw[] = [
  [
    'begins empty and lists galleries by the bytes of their names, as they were described',
    async (store) => {
      assertSame(await store.galleries(), []);
      // U+FF5E comes before U+1F600 in UTF-8, and after it in UTF-16.
      const names = ['b', 'a', '😀', '～', 'a b/..\u0000\n'];
      await write(store, ...names.map((name) => ({ kind: 'create-gallery', gallery: galleryOf(name) }) as const));
      const sorted = ['a', 'a b/..\u0000\n', 'b', '～', '😀'];
      assertSame(
        await store.galleries(),
        sorted.map((name) => galleryOf(name)),
      );
    },
  ],
  [
    'refuses a gallery twice, and what needs one that is not there',
    async (store) => {
      await write(store, { kind: 'create-gallery', gallery: galleryOf('g') });
      await refuses(store, 'already-exists', { kind: 'create-gallery', gallery: galleryOf('g', 'none') });
      assertSame(await store.galleries(), [galleryOf('g')]);
      await refuses(store, 'not-found', { kind: 'delete-gallery', gallery: 'other' });
      await refuses(store, 'not-found', { kind: 'put', gallery: 'other', template: templateOf('a') });
      await refuses(store, 'not-found', { kind: 'delete', gallery: 'other', id: 'a' });
      await rejects('not-found', () => store.get('other', 'a'));
      await rejects('not-found', () => idsOf(store, 'other'));
    },
  ],
  [
    'gives a template back in every digit, of every kind of variance',
    async (store) => {
      for (const kind of ['none', 'scalar', 'diagonal'] as const) {
        await write(store, { kind: 'create-gallery', gallery: galleryOf(kind, kind) });
        const metadata = { '': '', constructor: 'y', 'Zoë 😀': '"\\\u0000\n', team: 'blue' };
        const template = templateOf(
          'Zoë 😀/../\u0000',
          3,
          {
            sources: [1, 2, 3].map((seed) => ({ embedding: embeddingOf(seed, kind), enrolledAt: seed })),
            metadata: { ...metadata, ['__proto__']: 'own' },
            consentAt: 5,
            expiresAt: 6,
          },
          kind,
        );
        const [answer] = await write(store, { kind: 'put', gallery: kind, template });
        const found = await store.get(kind, template.id);
        assertSame(found, { ...template, sequence: answer?.sequence, revision: 1 });
        assert.equal(await store.get(kind, 'unknown'), undefined);
      }
    },
  ],
  [
    'keeps templates without sources, and with many',
    async (store) => {
      await write(store, { kind: 'create-gallery', gallery: galleryOf('g') });
      const many = Array.from({ length: 64 }, (_, seed) => ({ embedding: embeddingOf(seed), enrolledAt: seed }));
      for (const sources of [[], many]) {
        await write(store, { kind: 'put', gallery: 'g', template: templateOf('a', 7, { sources }) });
        assertSame((await store.get('g', 'a'))?.sources, sources);
      }
    },
  ],
  [
    'keeps what made a variance, of each source apart',
    async (store) => {
      await write(store, { kind: 'create-gallery', gallery: galleryOf('g') });
      const other = { ...embeddingOf(2), varianceId: 'head-2' };
      const { varianceId: _, ...none } = embeddingOf(3);
      const sources = [embeddingOf(1), other, none].map((embedding) => ({ embedding, enrolledAt: 1 }));
      const template = templateOf('a', 2, { fused: other, sources });
      await write(store, { kind: 'put', gallery: 'g', template });
      assertSame(await store.get('g', 'a'), { ...template, sequence: 1, revision: 1 });
    },
  ],
  [
    'counts revisions, and gives every put a higher sequence number',
    async (store) => {
      await write(store, { kind: 'create-gallery', gallery: galleryOf('g') });
      const put = (id: string) => write(store, { kind: 'put', gallery: 'g', template: templateOf(id) });
      const [first] = await put('a');
      const [second] = await put('b');
      const [third] = await put('a');
      assertSame([first?.revision, second?.revision, third?.revision], [1, 1, 2]);
      const { sequence: one = 0 } = first ?? {};
      assert.ok(one >= 1 && Number.isInteger(one));
      assert.ok(one < (second?.sequence ?? 0) && (second?.sequence ?? 0) < (third?.sequence ?? 0));
      assertSame([first?.replaced, third?.replaced], [undefined, one]);
      const [gone] = await write(store, { kind: 'delete', gallery: 'g', id: 'a' });
      assertSame(gone, { replaced: third?.sequence });
      const [again] = await put('a');
      assert.ok((again?.sequence ?? 0) > (third?.sequence ?? 0), 'a sequence number came twice');
      assertSame([again?.revision, again?.replaced], [1, undefined]);
    },
  ],
  [
    'writes only where the revision is the one that was named',
    async (store) => {
      await write(store, { kind: 'create-gallery', gallery: galleryOf('g') });
      const put = (revision: number) => ({ kind: 'put', gallery: 'g', template: templateOf('a'), revision }) as const;
      await refuses(store, 'aborted', put(1));
      await write(store, put(0));
      for (const wrong of [0, 2]) await refuses(store, 'aborted', put(wrong));
      await write(store, put(1));
      assert.equal((await store.get('g', 'a'))?.revision, 2);
      await write(store, { kind: 'delete', gallery: 'g', id: 'a' });
      await refuses(store, 'aborted', put(2));
      await write(store, put(0));
    },
  ],
  [
    'applies a batch in order, and a failed item leaves its neighbours',
    async (store) => {
      const results = await store.write([
        { kind: 'create-gallery', gallery: galleryOf('g') },
        { kind: 'put', gallery: 'g', template: templateOf('a', 1) },
        { kind: 'put', gallery: 'nowhere', template: templateOf('a', 2) },
        { kind: 'put', gallery: 'g', template: templateOf('a', 3), revision: 1 },
        { kind: 'delete', gallery: 'g', id: 'b' },
        { kind: 'put', gallery: 'g', template: templateOf('b', 4) },
        { kind: 'delete', gallery: 'g', id: 'b' },
      ]);
      assertSame(results.map(codeOf), ['ok', 'ok', 'not-found', 'ok', 'not-found', 'ok', 'ok']);
      assertSame((await store.get('g', 'a'))?.fused, embeddingOf(3));
      assert.equal(await store.get('g', 'b'), undefined);
      assertSame(await store.write([]), []);
    },
  ],
  [
    'loses no update of many that come at once',
    async (store) => {
      await write(store, { kind: 'create-gallery', gallery: galleryOf('g') });
      const puts = Array.from({ length: 200 }, (_, seed) =>
        write(store, { kind: 'put', gallery: 'g', template: templateOf(`id-${seed % 10}`, seed) }),
      );
      const answers = (await Promise.all(puts)).flat();
      assert.equal(new Set(answers.map(({ sequence }) => sequence)).size, 200);
      for (let id = 0; id < 10; id++) {
        const revisions = answers.filter((_, seed) => seed % 10 === id).map(({ revision = 0 }) => revision);
        assertSame(
          revisions.sort((left, right) => left - right),
          Array.from({ length: 20 }, (_, at) => at + 1),
        );
      }
    },
  ],
  [
    'refuses names and ids outside their limits, and takes all within',
    async (store) => {
      const longest = 'é'.repeat(128);
      await write(store, { kind: 'create-gallery', gallery: galleryOf(longest) });
      await write(store, { kind: 'put', gallery: longest, template: templateOf(longest) });
      assertSame(await idsOf(store, longest), [longest]);
      for (const bad of ['', `${longest}x`, 'half \ud83d']) {
        await refuses(store, 'invalid-argument', { kind: 'create-gallery', gallery: galleryOf(bad) });
        await refuses(store, 'invalid-argument', { kind: 'put', gallery: longest, template: templateOf(bad) });
      }
    },
  ],
  [
    'refuses embeddings that are not of the gallery',
    async (store) => {
      await write(store, { kind: 'create-gallery', gallery: galleryOf('g') });
      const good = embeddingOf(1);
      const wrong = [
        { ...good, mean: good.mean.slice(1) },
        { ...good, space: 'another' },
        { ...good, unitNorm: true },
        embeddingOf(1, 'none'),
        embeddingOf(1, 'scalar'),
        { ...good, variance: { kind: 'diagonal', values: good.mean.slice(1) } } as const,
      ];
      for (const embedding of wrong) {
        const source = { embedding, enrolledAt: 1 };
        for (const changes of [{ fused: embedding }, { sources: [source] }])
          await refuses(store, 'invalid-argument', {
            kind: 'put',
            gallery: 'g',
            template: templateOf('a', 1, changes),
          });
      }
      assertSame(await idsOf(store, 'g'), []);
    },
  ],
];
