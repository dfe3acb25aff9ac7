import { mkdirSync, mkdtempSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAffinisClient } from '@affinis/client';
import { createLmdbStore } from '@affinis/store-lmdb';
import { startAffinis } from '../support/affinis-process.ts';
import { givenConfig } from '../support/given-embeddings.ts';
import { keepWriting, killDimension } from './gallery-load.ts';
import { type Contents, createPromisedGalleries, type PromisedGalleries, versionOf } from './promised-galleries.ts';
import type { Soak } from './soak.ts';

const galleries = ['a', 'b', 'c', 'd', 'e', 'f'];
const longestWritingMs = 600;
const longestCompactionMs = 60;
/** Of the rounds in which the server is killed while it starts. */
const killedAtStart = 0.1;

export interface GalleryKill extends Soak {
  readonly promised: PromisedGalleries;
  /** Removes the folder, which otherwise goes with the process. */
  remove(): void;
}

/** One folder goes through all rounds, so that each begins with what the kills before it left. */
export function createGalleryKill(): GalleryKill {
  const promised = createPromisedGalleries();
  let folder: string | undefined;
  let version = 0;
  return {
    name: 'gallery-kill',
    description:
      'kill -9 of a server that enrols and deletes, and of compactions: nothing acknowledged is lost, nothing deleted returns',
    defaultRounds: 1000,
    promised,
    remove() {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
    async round(random) {
      folder ??= newFolder();
      const before = { ...promised.acknowledged };
      const figures = {
        ...(await killServer(folder, { promised, random, nextVersion: () => ++version })),
        ...(random() < 0.6 ? await killCompaction(folder, random) : {}),
      };
      await checkFolder(join(folder, 'galleries'), promised);
      const { writes, deletions } = promised.acknowledged;
      return {
        ...figures,
        acknowledgedWrites: writes - before.writes,
        acknowledgedDeletions: deletions - before.deletions,
        // A round with one of these throws.
        lost: 0,
        resurrected: 0,
        failedOpens: 0,
      };
    },
  };
}

export const galleryKill = createGalleryKill();

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'affinis-gallery-kill-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'affinis.yaml'), givenConfig({ dimension: killDimension, path: 'galleries' }));
  mkdirSync(join(folder, 'galleries'));
  return folder;
}

interface Work {
  readonly promised: PromisedGalleries;
  readonly random: () => number;
  readonly nextVersion: () => number;
}

/** Starts the server, which must open the folder, writes to it from several sides, and kills it at a random moment. */
async function killServer(folder: string, work: Work) {
  const server = startAffinis(folder, ['serve', '--port', '0']);
  try {
    const atStart = work.random() < killedAtStart;
    if (atStart) {
      await pause(work.random() * 1000);
      await server.kill();
      return { serversKilledAtStart: 1 };
    }
    const address = await server.ready;
    if (address === undefined) throw new Error(`the server did not open: ${(await server.ended).complaint}`);
    const client = createAffinisClient({ address, deadlineMs: 30_000, retry: false });
    try {
      await checkServer(client, work.promised);
      let killed = false;
      const load = { ...work, client };
      const writing = Promise.all(galleries.map((gallery) => keepWriting(load, gallery, () => killed)));
      await Promise.race([pause(work.random() * longestWritingMs), writing]);
      killed = true;
      await server.kill();
      await writing;
    } finally {
      client.close();
    }
    return { serversKilled: 1 };
  } finally {
    await server.kill();
  }
}

/** The server counts what was promised. */
async function checkServer(client: ReturnType<typeof createAffinisClient>, promised: PromisedGalleries) {
  for (const { name, templates } of await client.listGalleries()) {
    const known = promised.contents(name)?.size;
    if (known !== templates) throw new Error(`the server counts ${templates} templates in ${name}, not ${known}`);
  }
}

/** Kills a compaction at a random moment after it has begun to touch the folder, unless it ends before. */
async function killCompaction(folder: string, random: () => number) {
  const touched = new AbortController();
  const watcher = watch(join(folder, 'galleries'), () => touched.abort());
  const compaction = startAffinis(folder, ['gallery', 'compact']);
  try {
    await Promise.race([aborted(touched.signal), compaction.ended]);
    await Promise.race([pause(random() * longestCompactionMs), compaction.ended]);
    const { code, signal, complaint } = await compaction.kill();
    if (signal === 'SIGKILL') return { compactionsKilled: 1 };
    if (code !== 0) throw new Error(`the compaction ended with ${code}: ${complaint}`);
    return { compactionsEnded: 1 };
  } finally {
    watcher.close();
    await compaction.kill();
  }
}

/** Opens the folder as a server would and compares every template. */
async function checkFolder(folder: string, promised: PromisedGalleries): Promise<void> {
  const store = await createLmdbStore({ folder });
  try {
    const there = new Set((await store.galleries()).map(({ name }) => name));
    for (const name of new Set([...galleries, ...there])) {
      const found: Contents = there.has(name) ? await contentsOf(store, name) : null;
      promised.check(name, found);
    }
  } finally {
    await store.close();
  }
}

async function contentsOf(store: Awaited<ReturnType<typeof createLmdbStore>>, name: string) {
  const found = new Map<string, number>();
  for await (const template of store.scan(name)) found.set(template.id, versionOf(template));
  const rows = [...store.rows(name)].length;
  if (rows !== found.size) throw new Error(`${name} has ${rows} rows and ${found.size} templates`);
  return found;
}

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
