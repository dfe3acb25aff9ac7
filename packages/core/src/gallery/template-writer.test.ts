import { AffinisError } from '../errors.ts';
import { direction } from '../testing/toy-galleries.ts';
import { createMemoryStore } from './memory-store.ts';
import { enrolInto } from './template-draft.ts';
import type { StoredGallery, StoreWrite, TemplateStore } from './template-store.ts';
import { createTemplateWriter, type TemplateChange, type WrittenRow } from './template-writer.ts';

const gallery: StoredGallery = {
  name: 'g',
  space: 'toy@1/0',
  dimension: 2,
  unitNorm: true,
  varianceKind: 'none',
  createdAt: 0,
  settings: {},
};

/** A store whose writes can be held back, and that tells what was written. */
async function start({ maxWaiting = 1000 } = {}) {
  const inner = createMemoryStore();
  await inner.write([{ kind: 'create-gallery', gallery }]);
  const batches: (readonly StoreWrite[])[] = [];
  let failing: Error | undefined;
  const store: TemplateStore = {
    ...inner,
    async write(batch) {
      batches.push(batch);
      if (failing) throw failing;
      return inner.write(batch);
    },
  };
  const rows: WrittenRow[] = [];
  const onWritten = (written: readonly WrittenRow[]) => void rows.push(...written);
  const writer = createTemplateWriter({ store, lives: () => true, onWritten, maxWaiting });
  const fail = (error: Error | undefined) => {
    failing = error;
  };
  return { writer, store, batches, rows, fail };
}

function enrol(id: string, degrees: number, extra = {}): TemplateChange {
  const sample = direction(degrees);
  const embeddings = sample.kind === 'embedding' ? [sample.embedding] : [];
  const enrolment = { templateId: id, samples: [], ...extra };
  return {
    gallery: 'g',
    fusion: 'mean',
    id,
    apply: (current) => enrolInto(current, { enrolment, embeddings, now: 1, maxSources: 64 }),
  };
}

const codes = async (outcomes: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(outcomes)).map((outcome) =>
    outcome.status === 'fulfilled' ? 'ok' : (outcome.reason as AffinisError).code,
  );

it('writes together what came together, and one put for all changes of one template', async () => {
  const { writer, batches, rows } = await start();
  const changes = [enrol('a', 0), enrol('b', 1), enrol('a', 2), enrol('c', 3), enrol('a', 4)];
  const written = await Promise.all(changes.map((change) => writer.change(change)));
  expect(batches).toHaveLength(1);
  expect(batches[0]?.map((write) => write.kind === 'put' && write.template.id)).toEqual(['a', 'b', 'c']);
  expect(written.map(({ template }) => template?.sources.length)).toEqual([3, 1, 3, 1, 3]);
  expect(rows.map(({ sequence, replaced }) => [sequence, replaced])).toEqual([
    [1, undefined],
    [2, undefined],
    [3, undefined],
  ]);
});

it('applies changes of one template in their order, whatever they are', async () => {
  const { writer, store } = await start();
  const remove: TemplateChange = { ...enrol('a', 0), apply: () => undefined };
  await Promise.all([enrol('a', 0), enrol('a', 1), remove, enrol('a', 2)].map((change) => writer.change(change)));
  expect((await store.get('g', 'a'))?.sources).toHaveLength(1);
  await Promise.all([enrol('a', 3), remove].map((change) => writer.change(change)));
  expect(await store.get('g', 'a')).toBeUndefined();
});

it('lets a change fail alone: one that throws, and one that cannot be fused with the others', async () => {
  const { writer, store } = await start();
  const create = { mode: 'create' };
  const outcomes = [enrol('a', 0), enrol('a', 1, create), enrol('a', 180), enrol('b', 10)].map((change) =>
    writer.change(change),
  );
  expect(await codes(outcomes)).toEqual(['ok', 'already-exists', 'invalid-argument', 'ok']);
  expect((await store.get('g', 'a'))?.sources).toHaveLength(1);
});

it('fails all of a write that the store refuses, tells nobody of rows, and goes on', async () => {
  const { writer, rows, fail, store } = await start();
  fail(new AffinisError('resource-exhausted', '[store] the disk is full'));
  const outcomes = [enrol('a', 0), enrol('b', 0)].map((change) => writer.change(change));
  expect(await codes(outcomes)).toEqual(['resource-exhausted', 'resource-exhausted']);
  expect(rows).toEqual([]);
  fail(undefined);
  await writer.change(enrol('a', 1));
  expect((await store.get('g', 'a'))?.sources).toHaveLength(1);
});

it('refuses what is too much to wait for, and takes more once it is written', async () => {
  const { writer } = await start({ maxWaiting: 2 });
  const outcomes = ['a', 'b', 'c'].map((id) => writer.change(enrol(id, 0)));
  expect(await codes(outcomes)).toEqual(['ok', 'ok', 'resource-exhausted']);
  await writer.change(enrol('c', 0));
});

it('keeps other writes in their place among the changes', async () => {
  const { writer, store } = await start();
  const outcomes = [
    writer.change(enrol('a', 0)),
    writer.write([{ kind: 'delete-gallery', gallery: 'g' }]),
    writer.change(enrol('b', 0)),
    writer.write([{ kind: 'create-gallery', gallery }]),
    writer.change(enrol('c', 0)),
    writer.write([{ kind: 'create-gallery', gallery }]),
  ];
  expect(await codes(outcomes)).toEqual(['ok', 'ok', 'not-found', 'ok', 'ok', 'already-exists']);
  expect(await store.get('g', 'a')).toBeUndefined();
  expect(await store.get('g', 'c')).toBeDefined();
  await writer.idle();
});
