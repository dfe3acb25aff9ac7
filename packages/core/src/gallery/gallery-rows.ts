import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ConfiguredMetric } from '../configured-metric.ts';
import { AffinisError } from '../errors.ts';
import type { EmbeddingBlock } from '../metric.ts';
import { type BlockIndex, createBlockIndex } from './block-index.ts';
import { createExpiries } from './expiries.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { bytesPerRow } from './row-block.ts';
import { createRowFeed, type RowFeed } from './row-feed.ts';
import type { Candidate, RowIndex, RowIndexFactory, SearchOptions } from './row-index.ts';
import type { StoredGallery, StoredRow, TemplateStore } from './template-store.ts';
import type { WrittenRow } from './template-writer.ts';

/** What of a gallery is in memory: which rows live, and the indices that searches have needed so far. */
export interface GalleryRows {
  /** Templates that have not expired. */
  count(): Promise<number>;
  /** The same as far as it is known now. */
  readonly living: number;
  /** Whether a row has expired. */
  expired(sequence: number): boolean;
  /** Rows most alike each query, best first; by the metric's scan form, or by the metric itself. */
  search(metric: ConfiguredMetric, queries: EmbeddingBlock, options: SearchOptions): ReturnType<RowIndex['search']>;
  /** Told of every write, in order. */
  written(rows: readonly WrittenRow[]): void;
  close(): Promise<void>;
}

export interface GalleryRowsParts {
  readonly gallery: StoredGallery;
  readonly store: Required<TemplateStore>;
  /** Absent: every metric is scanned by itself, in the workers. */
  readonly indices?: RowIndexFactory | undefined;
  readonly memory: MemoryBudget;
  readonly now: () => number;
}

const rowsPerTurn = 4096;

export function createGalleryRows(parts: GalleryRowsParts): GalleryRows {
  const { gallery, store, now, memory } = parts;
  let expiries = createExpiries();
  let living = 0;
  let closed = false;
  let counting: Promise<void> | undefined;
  /** While the rows are counted: those that were seen, and the writes that came meanwhile. */
  let census: { readonly seen: Set<number>; readonly writes: WrittenRow[] } | undefined;
  let scanned: RowFeed<RowIndex> | undefined;
  let scored: RowFeed<BlockIndex> | undefined;
  const feeds = () => [scanned, scored].filter((feed) => feed !== undefined);

  const enter = ({ sequence, expiresAt }: Pick<StoredRow, 'sequence' | 'expiresAt'>) => {
    if (census?.seen.has(sequence)) return;
    census?.seen.add(sequence);
    living++;
    if (expiresAt !== undefined) expiries.add(sequence, expiresAt);
  };
  const leave = (sequence: number) => {
    if (census && !census.seen.delete(sequence)) return;
    if (!expiries.delete(sequence)) living--;
  };
  const account = (rows: readonly WrittenRow[]) => {
    for (const { template, sequence, replaced } of rows) {
      if (replaced !== undefined) leave(replaced);
      if (template && sequence !== undefined) enter({ sequence, ...pick(template) });
    }
  };
  /** A write may be among the rows that are read, or come after them, or both. */
  const count = async () => {
    living = 0;
    expiries = createExpiries();
    census = { seen: new Set(), writes: [] };
    let read = 0;
    for (const row of store.rows(gallery.name)) {
      enter(row);
      if (++read % rowsPerTurn === 0) await nextTurn();
    }
    account(census.writes);
    census = undefined;
  };
  /** The state of this moment: what has expired is gone from every index. */
  const current = async () => {
    if (closed) throw gone(gallery.name);
    counting ??= count().catch((thrown: unknown) => {
      counting = undefined;
      throw thrown;
    });
    await counting;
    const due = expiries.due(now());
    living -= due.length;
    if (due.length > 0) for (const feed of feeds()) feed.remove(due);
  };
  const livingRows = function* (): Iterable<StoredRow> {
    for (const row of store.rows(gallery.name)) if (!(row.expiresAt !== undefined && row.expiresAt <= now())) yield row;
  };
  const scanIndex = (factory: RowIndexFactory): RowFeed<RowIndex> => {
    const bytes = living * bytesPerRow(gallery);
    const mode = memory.fits(gallery.name, bytes) ? 'exact' : 'quantised';
    const index = factory.create({
      dimension: gallery.dimension,
      varianceKind: gallery.varianceKind,
      mode,
      readRow: (sequence, mean, variance) => store.readRow(gallery.name, sequence, mean, variance),
    });
    memory.hold(gallery.name, mode, () => index.bytes);
    return createRowFeed(index, gallery, livingRows());
  };
  /** An exact index that has outgrown the memory is built anew, quantised, by the next search. */
  const shrink = () => {
    if (!scanned || !memory.outgrown(gallery.name)) return;
    void scanned.set.close();
    scanned = undefined;
    memory.release(gallery.name);
  };

  return {
    async count() {
      await current();
      return living;
    },
    get living() {
      return living;
    },
    expired: (sequence) => expiries.expired(sequence),
    async search(metric, queries, options) {
      await current();
      const form = metric.metric.remote ? undefined : metric.metric.scan;
      if (form && parts.indices) {
        shrink();
        scanned ??= scanIndex(parts.indices);
        const { set, ready } = scanned;
        await ready.catch((thrown: unknown) => {
          scanned = undefined;
          throw thrown;
        });
        return set.search(form, queries, options);
      }
      scored ??= createRowFeed(createBlockIndex(gallery), gallery, livingRows());
      const { set, ready } = scored;
      await ready.catch((thrown: unknown) => {
        scored = undefined;
        throw thrown;
      });
      return set.search(metric, queries, options) satisfies Promise<readonly (readonly Candidate[])[]>;
    },
    written(rows) {
      if (census) census.writes.push(...rows);
      else if (counting !== undefined) account(rows);
      const removed = rows.flatMap(({ replaced }) => replaced ?? []);
      const appended = rows.flatMap(({ template, sequence }) =>
        template && sequence !== undefined ? [{ sequence, ...valuesOf(template) }] : [],
      );
      for (const feed of feeds()) {
        feed.remove(removed);
        feed.append(appended);
      }
    },
    async close() {
      closed = true;
      memory.release(gallery.name);
      await Promise.all(feeds().map((feed) => feed.set.close()));
    },
  };
}

const gone = (name: string) =>
  new AffinisError('not-found', `[core] gallery "${name}" is not there any more`, {
    field: 'gallery',
    reason: 'NO_GALLERY',
  });

const pick = ({ expiresAt }: { readonly expiresAt?: number }) => (expiresAt === undefined ? {} : { expiresAt });

const valuesOf = ({ fused }: NonNullable<WrittenRow['template']>) => ({
  mean: fused.mean,
  variance: fused.variance?.values ?? new Float32Array(),
});
