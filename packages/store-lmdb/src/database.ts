import { dirname } from 'node:path';
import { type Database as LmdbTable, open, type RootDatabase, type RootDatabaseOptions } from 'lmdb';
import { damaged, fromLmdb, storeError } from './errors.ts';
import { ensureLockFile } from './lock-file.ts';
import { checkPages } from './page-check.ts';

/** A value read from a table is a view that the next read of any table overwrites: decode it at once. */
export type Table = LmdbTable<Buffer, Uint8Array>;

/** One file of a store, open. */
export interface Database {
  readonly root: RootDatabase<Buffer, Uint8Array>;
  /** The format's version, the counters, the galleries whose templates are still to be removed. */
  readonly meta: Table;
  /** Name to number and description. */
  readonly galleries: Table;
  /** Gallery and id to what a row does not hold: see `template-codec.ts`. */
  readonly templates: Table;
  /** Gallery and sequence number to the fused embedding: see `row-codec.ts`. */
  readonly rows: Table;
  /** Gallery, pair and sequence number to nothing. */
  readonly metadata: Table;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly readOnly?: boolean;
  /** For a file that nobody relies on yet: whoever writes it syncs it at the end. */
  readonly noSync?: boolean;
}

const format = 'affinis.store';
const version = 1;
const maxReaders = 126;
const formatKey = Buffer.from('format');

/** Opens a file that `createDatabase` made, after a check of its pages: LMDB itself would crash on a truncated file. */
export async function openDatabase(file: string, options: DatabaseOptions = {}): Promise<Database> {
  checkPages(file);
  const database = await openTables(file, { ...options, create: false });
  try {
    checkFormat(database.meta.get(formatKey));
    return database;
  } catch (thrown) {
    await database.close();
    throw fromLmdb(thrown, dirname(file));
  }
}

/** Makes an empty store in a new file. */
export async function createDatabase(file: string, options: DatabaseOptions = {}): Promise<Database> {
  const database = await openTables(file, { ...options, create: true });
  try {
    database.root.transactionSync(() => database.meta.put(formatKey, Buffer.from(JSON.stringify({ format, version }))));
    return database;
  } catch (thrown) {
    await database.close();
    throw fromLmdb(thrown, dirname(file));
  }
}

async function openTables(file: string, options: DatabaseOptions & { readonly create: boolean }): Promise<Database> {
  const { readOnly = false, noSync = false, create } = options;
  let root: RootDatabase<Buffer, Uint8Array> | undefined;
  try {
    if (!readOnly) ensureLockFile(file, maxReaders);
    const opened = open<Buffer, Uint8Array>(file, {
      ...tableOptions,
      readOnly,
      noSync,
      // A commit is on the disk when its promise resolves, not some time later.
      overlappingSync: false,
      // What is deleted must not come back in the unused parts of new pages.
      noMemInit: false,
      // lmdb would keep a promise of its own a batch, which nobody hears when a commit fails.
      eventTurnBatching: false,
      maxDbs: 8,
      maxReaders,
      ...({ permissionsMode: 0o600 } as object),
    });
    root = opened;
    const table = (name: string): Table => {
      const found = opened.openDB<Buffer, Uint8Array>(name, { ...tableOptions, ...({ create } as object) });
      // lmdb gives undefined, against its types, where there is no such table.
      if (!(found as Table | undefined)) throw damaged(`there is no table '${name}'`);
      return found;
    };
    return {
      root,
      meta: table('meta'),
      galleries: table('galleries'),
      templates: table('templates'),
      rows: table('rows'),
      metadata: table('metadata'),
      close: () => opened.close(),
    };
  } catch (thrown) {
    await root?.close();
    throw fromLmdb(thrown, dirname(file));
  }
}

/** Values pass as they are: read as views of lmdb's own buffer, which spares a copy of every row at the start. */
const tableOptions: RootDatabaseOptions = {
  keyEncoding: 'binary',
  encoder: {
    encode: (value: Buffer) => value,
    decode: (bytes: Buffer) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
  },
};

function checkFormat(value: Buffer | undefined): void {
  const found = parseFormat(value);
  if (found.format !== format) throw damaged('the file does not say that it is a store of Affinis');
  if (found.version !== version)
    throw storeError(
      'failed-precondition',
      `the store is of format ${found.version} where this Affinis reads format ${version}; open it with the version ` +
        'that wrote it, export its galleries and import them here',
      { reason: 'STORE_FORMAT' },
    );
}

function parseFormat(value: Buffer | undefined): { readonly format?: unknown; readonly version?: unknown } {
  try {
    const parsed: unknown = JSON.parse(value?.toString() ?? '{}');
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}
