import assert from 'node:assert/strict';
import type { StoredRow, TemplateStore } from '@affinis/core';
import { rejects } from './store-assertions.ts';
import { assertSame, embeddingOf, galleryOf, templateOf, write } from './template-samples.ts';

/** Checks of the optional members, each for a store that has the member it names. */
export const rowLaws: readonly RowLaw[] = [
  {
    needs: ['rows'],
    name: 'lists rows in the order of their numbers, of what is there now',
    async check(store) {
      await filled(store);
      const rows = Array.from(store.rows('g'), copyOf);
      const expected = [
        ['b', 2],
        ['c', 3],
        ['a', 5],
      ] as const;
      assert.equal(rows.length, expected.length);
      for (const [at, [id, seed]] of expected.entries()) {
        const { mean, variance } = embeddingOf(seed);
        assertSame(
          [rows[at]?.mean, rows[at]?.variance, rows[at]?.expiresAt],
          [mean, variance?.values, id === 'c' ? 77 : undefined],
        );
        assert.equal(rows[at]?.sequence, (await store.get('g', id))?.sequence);
      }
      for (const row of store.rows('g')) {
        assert.equal(row.sequence, rows[0]?.sequence);
        break;
      }
      await rejects('not-found', () => [...store.rows('other')]);
    },
  },
  {
    needs: ['rows'],
    name: 'gives rows of every kind of variance',
    async check(store) {
      for (const kind of ['none', 'scalar', 'diagonal'] as const) {
        await write(store, { kind: 'create-gallery', gallery: galleryOf(kind, kind) });
        await write(store, { kind: 'put', gallery: kind, template: templateOf('a', 4, {}, kind) });
        const [row] = Array.from(store.rows(kind), copyOf);
        const { mean, variance } = embeddingOf(4, kind);
        assertSame([row?.mean, row?.variance], [mean, variance?.values ?? new Float32Array()]);
      }
    },
  },
  {
    needs: ['readRow', 'idOf'],
    name: 'reads a row by its number, and none that is replaced or deleted',
    async check(store) {
      const gone = await filled(store);
      const mean = new Float32Array(5);
      const variance = new Float32Array(5);
      const sequence = (await store.get('g', 'a'))?.sequence ?? 0;
      assert.equal(store.readRow('g', sequence, mean, variance), true);
      assertSame([mean, variance], [embeddingOf(5).mean, embeddingOf(5).variance?.values]);
      assert.equal(store.idOf('g', sequence), 'a');
      const unknown = [...gone, 0, 4_000_000_000];
      for (const number of unknown) {
        assert.equal(store.readRow('g', number, mean, variance), false);
        assert.equal(store.idOf('g', number), undefined);
      }
      assertSame(mean, embeddingOf(5).mean);
      // A search may still run when its gallery is deleted.
      await write(store, { kind: 'delete-gallery', gallery: 'g' });
      assert.equal(store.readRow('g', sequence, mean, variance), false);
      assert.equal(store.idOf('g', sequence), undefined);
    },
  },
  {
    needs: ['withMetadata'],
    name: 'finds templates by their metadata, as it is now',
    async check(store) {
      await write(store, { kind: 'create-gallery', gallery: galleryOf('g') });
      const people: readonly [string, Record<string, string>][] = [
        ['a', { team: 'blue', site: 'x' }],
        ['b', { team: 'blue', site: 'y' }],
        ['c', { team: 'red', site: 'x', ['__proto__']: 'p' }],
        ['d', {}],
        ['e', { 'team","blue': 'x', team: '' }],
      ];
      const put = (id: string, metadata: Record<string, string>) =>
        write(store, { kind: 'put', gallery: 'g', template: templateOf(id, 1, { metadata }) });
      for (const [id, metadata] of people) await put(id, metadata);
      const find = async (equals: Record<string, string>) => {
        const found = store.withMetadata('g', equals);
        assertSame(found, found.toSorted());
        const stored = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((id) => store.get('g', id)));
        return stored
          .flatMap((template) => (template && found.includes(template.sequence) ? template.id : []))
          .join('');
      };
      assert.equal(await find({ team: 'blue' }), 'ab');
      assert.equal(await find({ team: 'blue', site: 'x' }), 'a');
      assert.equal(await find({ site: 'x' }), 'ac');
      assert.equal(await find({ team: 'blu' }), '');
      assert.equal(await find({ team: '' }), 'e');
      assert.equal(await find({ toString: 'x' }), '');
      assert.equal(await find({ ['__proto__']: 'p' }), 'c');
      assert.equal(await find({}), 'abcde');
      await put('b', { team: 'red' });
      await write(store, { kind: 'delete', gallery: 'g', id: 'c' });
      assert.equal(await find({ team: 'blue' }), 'a');
      assert.equal(await find({ team: 'red' }), 'b');
      assert.equal(await find({ site: 'y' }), '');
      await rejects('not-found', () => store.withMetadata('other', {}));
    },
  },
];

type Optional = 'rows' | 'readRow' | 'idOf' | 'withMetadata';

export interface RowLaw {
  readonly needs: readonly Optional[];
  readonly name: string;
  check(store: Required<TemplateStore>): Promise<void>;
}

/** Templates b, c and a, the last one put twice, and d, which is gone; numbers that are no longer a row's. */
async function filled(store: TemplateStore): Promise<number[]> {
  await write(store, { kind: 'create-gallery', gallery: galleryOf('g') });
  const put = (id: string, seed: number, expiresAt?: number) =>
    ({
      kind: 'put',
      gallery: 'g',
      template: templateOf(id, seed, expiresAt === undefined ? {} : { expiresAt }),
    }) as const;
  const answers = await write(store, put('a', 1), put('b', 2), put('c', 3, 77), put('d', 4), put('a', 5));
  await write(store, { kind: 'delete', gallery: 'g', id: 'd' });
  return [answers[0], answers[3]].map((answer) => answer?.sequence ?? 0);
}

const copyOf = ({ mean, variance, ...row }: StoredRow) => ({ ...row, mean: mean.slice(), variance: variance.slice() });
