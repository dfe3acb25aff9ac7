import { readdirSync, statSync } from 'node:fs';
import { type CopyFigures, copyLive } from './copy-live.ts';
import { createDatabase } from './database.ts';
import { fromLmdb, storeError } from './errors.ts';
import { lockFolder } from './folder-lock.ts';
import { openForReading } from './lmdb-store.ts';
import { buildingFile, publish, removeLeftovers, syncFolderAndParent } from './store-files.ts';

export interface BackupOptions {
  readonly folder: string;
  /** A folder that is not there yet, or is empty; afterwards it is a store like the first. */
  readonly target: string;
  readonly onProgress?: (templates: number) => void;
}

export interface BackupFigures extends CopyFigures {
  readonly bytes: number;
}

/**
 * Copies a store as it is at one moment, also while a server writes to it; what was deleted is not in the copy. Resolves
 * when the copy is on the disk. Rejects with `already-exists` where the target holds anything.
 */
export async function backupStore({ folder, target, onProgress }: BackupOptions): Promise<BackupFigures> {
  if (!isEmpty(target))
    throw storeError('already-exists', `folder ${target} is not empty; name a new folder`, { field: 'target' });
  const source = await openForReading(folder);
  try {
    const lock = await lockFolder(target);
    try {
      const figures = await fill(target, (database) => copyLive(source, database, onProgress ? { onProgress } : {}));
      const bytes = statSync(publish(target)).size;
      syncFolderAndParent(target);
      return { ...figures, bytes };
    } catch (thrown) {
      removeLeftovers(target);
      throw fromLmdb(thrown, target);
    } finally {
      await lock.release();
    }
  } finally {
    await source.close();
  }
}

async function fill<T>(target: string, work: (database: Awaited<ReturnType<typeof createDatabase>>) => Promise<T>) {
  const database = await createDatabase(buildingFile(target), { noSync: true });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

function isEmpty(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0;
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ENOENT') return true;
    throw storeError('failed-precondition', `${folder} cannot be read as a folder; name another`, { cause: thrown });
  }
}
