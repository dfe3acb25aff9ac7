import { type Reading, readGalleries, writeGallery } from './catalogue.ts';
import { checkSeal } from './checksum.ts';
import { readCounter, writeCounter } from './counters.ts';
import type { Database, Table } from './database.ts';
import { damaged } from './errors.ts';
import { galleryPrefix, sequenceOfKey } from './keys.ts';
import { rowExpiry } from './row-codec.ts';
import { decodeHead } from './template-codec.ts';

export interface CopyFigures {
  readonly galleries: number;
  readonly templates: number;
  /** Templates that had expired and were left out. */
  readonly purged: number;
}

export interface CopyOptions {
  /** Leaves out what expires at this time or before, in milliseconds since 1970; default: nothing. */
  readonly expiredAt?: number;
  readonly onProgress?: (templates: number) => void;
}

/**
 * Writes all that is live in `source`, as it is at one moment, into an empty `target`, entry by entry: bytes of what is
 * deleted stay in the unused parts of pages, so pages are never copied. Damage in the source ends it.
 */
export async function copyLive(source: Database, target: Database, options: CopyOptions = {}): Promise<CopyFigures> {
  const { expiredAt = Number.NEGATIVE_INFINITY, onProgress } = options;
  const reading: Reading = { transaction: source.root.useReadTransaction() };
  try {
    const records = readGalleries(source, reading).toSorted((left, right) => left.number - right.number);
    target.root.transactionSync(() => {
      for (const counter of ['next-sequence', 'next-gallery'] as const)
        writeCounter(target, counter, readCounter(source, counter, reading));
      for (const record of records) writeGallery(target, record);
    });
    const expired = new Set<number>();
    const isLive = (sequence: number) => !expired.has(sequence);
    let templates = 0;
    for (const { number } of records) {
      await append(target, target.rows, entries(source.rows, number, reading), ({ key, value }) => {
        checkSeal(key, value, 'a row');
        if ((rowExpiry(value) ?? Number.POSITIVE_INFINITY) <= expiredAt) expired.add(sequenceOfKey(key));
        return isLive(sequenceOfKey(key));
      });
      await append(target, target.templates, entries(source.templates, number, reading), ({ key, value }) => {
        if (!isLive(decodeHead(key, value).sequence)) return false;
        if (++templates % progressEvery === 0) onProgress?.(templates);
        return true;
      });
      await append(target, target.metadata, entries(source.metadata, number, reading), ({ key }) =>
        isLive(sequenceOfKey(key)),
      );
    }
    onProgress?.(templates);
    return { galleries: records.length, templates, purged: expired.size };
  } finally {
    reading.transaction?.done();
  }
}

interface Entry {
  readonly key: Uint8Array;
  readonly value: Buffer;
}

const progressEvery = 1000;
const bytesAtOnce = 4 * 2 ** 20;

const entries = (table: Table, gallery: number, reading: Reading): Iterable<Entry> =>
  table.getRange({ start: galleryPrefix(gallery), end: galleryPrefix(gallery + 1), ...reading });

/** Entries ascend, so they are put at the end, which fills pages to the brim. Lets the event loop run in between. */
async function append(
  { root }: Database,
  table: Table,
  source: Iterable<Entry>,
  keep: (entry: Entry) => boolean,
): Promise<void> {
  const rest = source[Symbol.iterator]();
  let ended = false;
  try {
    while (!ended) {
      root.transactionSync(() => {
        for (let bytes = 0; bytes < bytesAtOnce; ) {
          const next = rest.next();
          if (next.done) {
            ended = true;
            return;
          }
          const { key, value } = next.value;
          bytes += key.length + value.length;
          if (keep(next.value)) appendOne(table, key, value);
        }
      });
      await new Promise(setImmediate);
    }
  } finally {
    if (!ended) rest.return?.();
  }
}

function appendOne(table: Table, key: Uint8Array, value: Buffer): void {
  // lmdb's types say that nothing comes back; it is false where the key is not above the last one.
  const done: unknown = table.putSync(key, value, { append: true });
  if (done === false) throw damaged('entries are out of order');
}
