import { AffinisError, failure, type Result, type StoreAnswer, type StoreWrite, success } from '@affinis/core';
import { createCommitQueue } from './commit-queue.ts';
import { readDropped } from './counters.ts';
import type { Database } from './database.ts';
import { fromLmdb, storeError } from './errors.ts';
import { sweepDropped } from './sweep.ts';
import { createWriteSession, type WriteSession } from './write-session.ts';

/** The only one who writes to an open database. */
export interface Committer {
  write(batch: readonly StoreWrite[]): Promise<readonly Result<StoreAnswer>[]>;
  /** Ends what was begun. */
  close(): Promise<void>;
}

interface Sweep {
  readonly kind: 'sweep';
  readonly gallery: number;
}

/** Some 8 ms of the event loop each: the rest of a transaction, its sync above all, runs in another thread. */
const maxItems = 128;
const maxBytes = 2 * 2 ** 20;

/** `onGallery` hears the names of galleries that were made or deleted, once that is on the disk. */
export function createCommitter(database: Database, folder: string, onGallery: (name: string) => void): Committer {
  const dropped = new Set(readDropped(database));
  let broken: unknown;
  let closing = false;
  let sweeping = false;

  const transact = async (items: readonly (StoreWrite | Sweep)[]): Promise<readonly Result<StoreAnswer>[]> => {
    if (broken) throw broken;
    const swept: number[] = [];
    let changed: ReadonlySet<string> = new Set();
    const results = await commit(database, () => {
      const session = createWriteSession(database);
      const done = items.map((item): Result<StoreAnswer> => {
        if (item.kind !== 'sweep') return applyOne(session, item);
        if (sweepDropped(database, item.gallery, maxItems)) swept.push(item.gallery);
        return success({});
      });
      changed = session.finish();
      return done;
    });
    for (const name of changed) onGallery(name);
    for (const gallery of swept) dropped.delete(gallery);
    if (items.some(({ kind }) => kind === 'delete-gallery' || kind === 'rename-gallery')) {
      for (const gallery of readDropped(database)) dropped.add(gallery);
      void sweepAll();
    }
    return results;
  };
  const queue = createCommitQueue<StoreWrite | Sweep, StoreAnswer>({
    transact: async (items) => {
      try {
        return await transact(items);
      } catch (thrown) {
        const error = fromLmdb(thrown instanceof CommitFailure ? thrown.cause : thrown, folder);
        // After a full disk it goes on. After another commit that failed the file is in doubt until it is opened again.
        if (thrown instanceof CommitFailure && error.code !== 'resource-exhausted') broken ??= brokenStore(error);
        throw error;
      }
    },
    bytesOf: (item) => (item.kind === 'put' ? vectorBytes(item) : 0),
    maxItems,
    maxBytes,
  });
  /** One step stands behind the writes that came before it, so deleting a gallery holds nobody up. */
  const sweepAll = async () => {
    if (sweeping) return;
    sweeping = true;
    for (let [gallery] = dropped; gallery !== undefined && !closing; [gallery] = dropped) {
      const [result] = await queue.add([{ kind: 'sweep', gallery }]);
      // It is tried again at the next deletion or opening.
      if (!result?.ok) break;
    }
    sweeping = false;
  };

  void sweepAll();
  return {
    write: (batch) => queue.add(batch),
    async close() {
      closing = true;
      await queue.idle();
    },
  };
}

/** A refusal comes before any change; whatever else is thrown may come midway, so it ends the transaction. */
function applyOne(session: WriteSession, write: StoreWrite): Result<StoreAnswer> {
  try {
    return success(session.apply(write));
  } catch (thrown) {
    if (thrown instanceof AffinisError) return failure(thrown);
    throw thrown;
  }
}

/** Runs `work` in a transaction and resolves when that is on the disk. Where `work` throws nothing of it is kept. */
async function commit<T>(database: Database, work: () => T): Promise<T> {
  try {
    return await database.root.childTransaction(work);
  } catch (thrown) {
    const { commitError } = (thrown ?? {}) as { commitError?: Promise<unknown> };
    throw commitError === undefined ? thrown : new CommitFailure(await causeOf(commitError, thrown));
  }
}

class CommitFailure extends Error {
  constructor(cause: unknown) {
    super('a commit failed', { cause });
  }
}

/** lmdb tells why a commit failed in a promise of its own, a moment later. */
function causeOf(commitError: Promise<unknown>, otherwise: unknown): Promise<unknown> {
  const late = new Promise((resolve) => setTimeout(resolve, 1000, otherwise).unref());
  return Promise.race([commitError.catch((cause: unknown) => cause), late]);
}

function vectorBytes({ template: { fused, sources } }: Extract<StoreWrite, { kind: 'put' }>): number {
  return (fused.mean.byteLength + (fused.variance?.values.byteLength ?? 0)) * (1 + sources.length);
}

const brokenStore = (cause: unknown) =>
  storeError('unavailable', 'an earlier write failed; restart the server', { cause });
