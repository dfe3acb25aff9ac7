import { existsSync } from 'node:fs';
import { endianness } from 'node:os';
import type { StoredRow, TemplateStore } from '@affinis/core';
import { checkStoreName, noGallery } from '@affinis/core';
import { type GalleryRecord, readGalleries, readGallery } from './catalogue.ts';
import { createCommitter } from './committer.ts';
import { createDatabase, type Database, openDatabase } from './database.ts';
import { closedStore, fromLmdb, storeError, where } from './errors.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { rowKey, templateKey } from './keys.ts';
import { matchMetadata } from './metadata-index.ts';
import { readRowVectors, rowId } from './row-codec.ts';
import { buildingFile, currentFile, publish, removeLeftovers, syncFolderAndParent } from './store-files.ts';
import { readRows, readTemplate, scanTemplates } from './templates.ts';

export interface LmdbStoreOptions {
  /** Made where it is not there. One process writes to it at a time; it lies on a disk of this machine. */
  readonly folder: string;
  /**
   * For export and backup while another process writes: takes no lock, sees what that process has committed, and refuses
   * to write. The folder must hold a store.
   */
  readonly readOnly?: boolean;
}

export interface LmdbStore extends Required<TemplateStore> {
  readonly folder: string;
}

/**
 * Keeps galleries in a folder, in a file of LMDB. A write resolves when it is on the disk; writes that arrive together
 * share one sync. Its vectors may be read until then.
 *
 * Rejects with `failed-precondition` where the folder is in use (reason `STORE_LOCKED`), damaged (`STORE_DAMAGED`), of
 * another format (`STORE_FORMAT`) or cannot be written (`STORE_READ_ONLY`), and with `resource-exhausted` (`DISK_FULL`).
 */
export async function createLmdbStore({ folder, readOnly = false }: LmdbStoreOptions): Promise<LmdbStore> {
  if (endianness() !== 'LE')
    throw storeError('unimplemented', 'vectors are stored little-endian; run on a little-endian machine');
  const lock = readOnly ? undefined : await lockFolder(folder);
  try {
    const database = readOnly ? await openForReading(folder) : await openForWriting(folder);
    return storeOf(folder, database, lock);
  } catch (thrown) {
    await lock?.release();
    throw fromLmdb(thrown, folder);
  }
}

async function openForWriting(folder: string): Promise<Database> {
  removeLeftovers(folder);
  const file = currentFile(folder);
  if (file !== undefined) return openDatabase(file);
  const empty = await createDatabase(buildingFile(folder));
  await empty.close();
  const made = publish(folder);
  syncFolderAndParent(folder);
  return openDatabase(made);
}

/** A compaction may take the file away between its name and its opening; then there is a newer one. */
export async function openForReading(folder: string): Promise<Database> {
  for (;;) {
    const file = currentFile(folder);
    if (file === undefined)
      throw storeError(
        'failed-precondition',
        `folder ${folder} holds no store; name the folder of a server's galleries`,
      );
    try {
      return await openDatabase(file, { readOnly: true });
    } catch (thrown) {
      if (existsSync(file)) throw thrown;
    }
  }
}

function storeOf(folder: string, database: Database, lock: FolderLock | undefined): LmdbStore {
  const known = new Map<string, GalleryRecord>();
  const committer = lock && createCommitter(database, folder, (name) => known.delete(name));
  let closing: Promise<void> | undefined;

  /** Where another process writes, a gallery may be gone or new at any time. */
  const find = (name: string): GalleryRecord | undefined => {
    if (closing !== undefined) throw closedStore();
    const found = known.get(name) ?? readGallery(database, name);
    if (found && lock) known.set(name, found);
    return found;
  };
  const record = (name: string): GalleryRecord => {
    const found = find(name);
    if (!found) throw noGallery(where, name);
    return found;
  };
  const rowOf = (gallery: string, sequence: number): Buffer | undefined => {
    const found = find(gallery);
    return found && database.rows.get(rowKey(found.number, sequence));
  };
  const close = async () => {
    await committer?.close();
    await database.close();
    await lock?.release();
  };

  return {
    folder,
    async write(batch) {
      if (closing !== undefined) throw closedStore();
      if (!committer) throw storeError('failed-precondition', 'the store is open read-only; open it for writing');
      return committer.write(batch);
    },
    async get(gallery, id) {
      checkStoreName(id, 'id');
      const found = record(gallery);
      const key = templateKey(found.number, id);
      const value = database.templates.get(key);
      return value && readTemplate(database, found, key, value);
    },
    scan: (gallery, options = {}) => scanTemplates(database, () => find(gallery), gallery, options),
    async galleries() {
      if (closing !== undefined) throw closedStore();
      return readGalleries(database).map(({ gallery }) => gallery);
    },
    *rows(gallery): Iterable<StoredRow> {
      yield* readRows(database, record(gallery));
    },
    readRow(gallery, sequence, mean, variance) {
      const value = rowOf(gallery, sequence);
      return value !== undefined && readRowVectors(value, mean, variance);
    },
    idOf(gallery, sequence) {
      const value = rowOf(gallery, sequence);
      return value && rowId(value);
    },
    withMetadata: (gallery, equals) => matchMetadata(database, record(gallery), equals),
    close() {
      closing ??= close();
      return closing;
    },
  };
}
