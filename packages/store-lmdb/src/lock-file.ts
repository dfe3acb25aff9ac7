import { existsSync, linkSync, rmSync, writeFileSync } from 'node:fs';

/** Sizes that LMDB gives its lock files: a head with the first reader's place, and the other readers' places. */
const headBytes = 272;
const readerBytes = 64;

/**
 * Makes the lock file of a database that has none yet. LMDB would make one without content and then write to its map,
 * and on a full disk that ends the process by a signal; written out it is refused with ENOSPC.
 */
export function ensureLockFile(database: string, maxReaders: number): void {
  const file = `${database}-lock`;
  if (existsSync(file)) return;
  const own = `${file}.${process.pid}`;
  try {
    writeFileSync(own, Buffer.alloc(headBytes + (maxReaders - 1) * readerBytes), { mode: 0o600 });
    // Whole or not at all, and never over one that another process has made meanwhile.
    linkSync(own, file);
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== 'EEXIST') throw thrown;
  } finally {
    rmSync(own, { force: true });
  }
}
