import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { open, type RootDatabase, type Transaction } from 'lmdb';
import { fromLmdb, storeError } from './errors.ts';
import { ensureLockFile } from './lock-file.ts';

export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes the folder for one writer, or refuses with `failed-precondition`. The lock is the only reader's place of a tiny
 * LMDB file beside the data: given out under a mutex that the system frees, and tied to its process by a record lock that
 * ends with the process however it ends. So nothing has to be cleaned up after a kill, and a process that gets the number
 * of a dead one, as in a container, is not taken for it.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  let place: RootDatabase | undefined;
  try {
    makeFolder(folder);
    ensureLockFile(join(folder, lockFile), 1);
    // lmdb closes what it opens in this thread only, so a lock that fails is closed below.
    place = open(join(folder, lockFile), { maxReaders: 1, overlappingSync: false, eventTurnBatching: false });
    chmodSync(join(folder, lockFile), 0o600);
    // lmdb cleared the places of processes that are gone when it opened the file. A process in another container may have
    // our number; then lmdb would wait for long where the list tells at once.
    if (/\d/.test(place.readerList())) throw taken(folder);
    const holder = takePlace(place, folder);
    const held = place;
    return {
      async release() {
        holder.done();
        await held.close();
      },
    };
  } catch (thrown) {
    await place?.close();
    throw fromLmdb(thrown, dirname(folder));
  }
}

/** Step by step: Node's own way says that a read-only disk is not there. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== 'EEXIST') throw thrown;
  }
}

const lockFile = 'lock.mdb';
const readersFull = -30790;

function takePlace(place: RootDatabase, folder: string): Transaction {
  try {
    return place.useReadTransaction();
  } catch (thrown) {
    // A TypeError: lmdb got no transaction after its own retries.
    if (thrown instanceof TypeError || (thrown as { code?: unknown }).code === readersFull) throw taken(folder);
    throw thrown;
  }
}

const taken = (folder: string) =>
  storeError(
    'failed-precondition',
    `folder ${folder} is in use by another process; stop it, give this one a folder of its own, or open it read-only`,
    { reason: 'STORE_LOCKED' },
  );
