import { openSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { createSeededRandom, type SeededRandom, type TemplateStore } from '@affinis/core';
import { loadTarget } from './kill-target.ts';
import { type JournalEntry, killGallery, versionTemplate } from './written-state.ts';

/*
 * The process that is killed: opens a store, writes to it from several sides at once, closes it, compacts it, and begins
 * again, until a thread of its own kills it. Each write is noted in the journal before it is asked for and after it is
 * acknowledged; what is written to a file is there after a kill.
 */
const [module = '', folder = '', journal = '', seed = '1', lifeMs = '100'] = process.argv.slice(2);
const target = await loadTarget(module);
const random = createSeededRandom(Number(seed));
const lines = openSync(journal, 'a');
const note = (entry: JournalEntry) => writeSync(lines, `${JSON.stringify(entry)}\n`);
const writers = 8;
const idsEach = 10;
let version = Number(seed) * 1000;

// In a thread, so that it strikes within native code and file operations too.
new Worker(
  `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${lifeMs}); process.kill(process.pid, 'SIGKILL')`,
  {
    eval: true,
  },
);

for (;;) {
  const store = await target.open(folder);
  await store.write([{ kind: 'create-gallery', gallery: killGallery }]);
  const writes = random.integer(30);
  await Promise.all(Array.from({ length: writers }, (_, writer) => writeSome(store, writer, writes, random)));
  await dropScratch(store);
  await store.close();
  if (random.uniform() < 0.7) await target.compact?.(folder);
}

/** Each writer has ids of its own, so that one write at a time is under way for an id. */
async function writeSome(store: TemplateStore, writer: number, count: number, { uniform, integer }: SeededRandom) {
  for (let done = 0; done < count; done++) {
    const id = `id-${writer}-${integer(idsEach)}`;
    const next = uniform() < 0.3 ? null : ++version;
    note({ begin: id, version: next });
    const [result] = await store.write([
      next === null
        ? { kind: 'delete', gallery: killGallery.name, id }
        : { kind: 'put', gallery: killGallery.name, template: versionTemplate(id, next) },
    ]);
    if (!result?.ok && result?.error.code !== 'not-found') throw result?.error;
    const sequence = result.ok ? result.value.sequence : undefined;
    note({ done: id, ...(sequence === undefined ? {} : { sequence }) });
  }
}

/** A gallery that comes and goes. */
async function dropScratch(store: TemplateStore) {
  const gallery = { ...killGallery, name: 'scratch' };
  await store.write([
    { kind: 'create-gallery', gallery },
    ...[1, 2, 3].map(
      (at) => ({ kind: 'put', gallery: 'scratch', template: versionTemplate(`scratch-${at}`, at) }) as const,
    ),
  ]);
  await store.write([{ kind: 'delete-gallery', gallery: 'scratch' }]);
}
