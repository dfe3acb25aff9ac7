import { statSync } from 'node:fs';
import { type CopyFigures, copyLive } from './copy-live.ts';
import { createDatabase, openDatabase } from './database.ts';
import { fromLmdb, storeError } from './errors.ts';
import { lockFolder } from './folder-lock.ts';
import { buildingFile, currentFile, publish, removeLeftovers } from './store-files.ts';

export interface CompactOptions {
  readonly folder: string;
  /** Milliseconds since 1970: what expires then or before is purged. */
  readonly now: number;
  readonly onProgress?: (templates: number) => void;
  /** Hears of each step before it is done; tests end the process there. */
  readonly onStep?: (step: CompactStep) => void;
}

export type CompactStep = 'build' | 'publish' | 'remove-old' | 'done';

export interface CompactFigures extends CopyFigures {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/**
 * Rewrites a folder that no server uses, so that what was deleted or had expired is no longer in any of its files. Needs
 * room for a second copy of what is live. A crash at any point leaves the old store or the new one, whole. Rejects with
 * `failed-precondition` where the folder is in use, damaged or holds no store.
 */
export async function compactStore({ folder, now, onProgress, onStep }: CompactOptions): Promise<CompactFigures> {
  if (currentFile(folder) === undefined) throw noStore(folder);
  const lock = await lockFolder(folder);
  try {
    removeLeftovers(folder);
    const file = currentFile(folder);
    if (file === undefined) throw noStore(folder);
    const bytesBefore = statSync(file).size;
    onStep?.('build');
    const figures = await build(file, folder, { expiredAt: now, ...(onProgress ? { onProgress } : {}) });
    onStep?.('publish');
    const made = publish(folder);
    onStep?.('remove-old');
    removeLeftovers(folder);
    onStep?.('done');
    return { ...figures, bytesBefore, bytesAfter: statSync(made).size };
  } catch (thrown) {
    throw fromLmdb(thrown, folder);
  } finally {
    await lock.release();
  }
}

async function build(file: string, folder: string, options: Parameters<typeof copyLive>[2]): Promise<CopyFigures> {
  const source = await openDatabase(file, { readOnly: true });
  try {
    // Synced as a whole when it is published.
    const target = await createDatabase(buildingFile(folder), { noSync: true });
    try {
      return await copyLive(source, target, options);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

const noStore = (folder: string) =>
  storeError('failed-precondition', `folder ${folder} holds no store; name the folder of a server's galleries`);
