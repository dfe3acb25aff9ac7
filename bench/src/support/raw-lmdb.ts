import { open } from 'lmdb';

/** Bare lmdb, as durable as the store: a transaction is on the disk before the next one begins. */
export interface RawLmdb {
  /** Milliseconds for putting these rows, `itemsPerTransaction` at a time. */
  put(firstKey: number, rows: readonly Uint8Array[]): Promise<number>;
  close(): Promise<void>;
}

const itemsPerTransaction = 64;

export function createRawLmdb(path: string): RawLmdb {
  const database = open<Uint8Array, number>({ path, encoding: 'binary', overlappingSync: false });
  return {
    async put(firstKey, rows) {
      const started = performance.now();
      for (let first = 0; first < rows.length; first += itemsPerTransaction)
        await database.transaction(() => {
          for (const [at, row] of rows.slice(first, first + itemsPerTransaction).entries())
            void database.put(firstKey + first + at, row);
        });
      return performance.now() - started;
    },
    close: () => database.close(),
  };
}
