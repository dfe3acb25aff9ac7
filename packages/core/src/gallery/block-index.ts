import type { ConfiguredMetric } from '../configured-metric.ts';
import { AffinisError } from '../errors.ts';
import type { EmbeddingBlock } from '../metric.ts';
import type { NearestRows } from '../worker/protocol.ts';
import { appendRow, bytesPerRow, createRowBlock, type RowBlock, type RowShape, removeRow } from './row-block.ts';
import type { Candidate, RowIndex, SearchOptions } from './row-index.ts';
import type { StoredGallery } from './template-store.ts';

/**
 * The rows of one gallery for metrics without a scan form, a plugin's for instance: the worker threads score them block by
 * block with the metric itself. A search sees the blocks as they were when it began.
 */
export interface BlockIndex extends Omit<RowIndex, 'search' | 'settle'> {
  /** Candidates' scores are the metric's own, in its polarity. */
  search(
    metric: Pick<ConfiguredMetric, 'metric' | 'nearest'>,
    queries: EmbeddingBlock,
    options: SearchOptions,
  ): Promise<readonly (readonly Candidate[])[]>;
}

/** What the rows are of, for metrics that run elsewhere. */
type RowIdentity = Partial<Pick<StoredGallery, 'space' | 'varianceId'>>;

const largestBlock = 4096;
const smallestBlock = 256;

export function createBlockIndex(shape: RowShape & RowIdentity): BlockIndex {
  let blocks: RowBlock[] = [];
  let closed = false;
  const living = () => blocks.reduce((sum, block) => sum + block.living, 0);
  const roomy = (): RowBlock => {
    const last = blocks.at(-1);
    if (last && last.block.count < last.capacity) return last;
    const grown = last && blocks.length === 1 && last.capacity < largestBlock;
    const capacity = last ? Math.min(largestBlock, grown ? 4 * last.capacity : largestBlock) : smallestBlock;
    const fresh = createRowBlock(shape, capacity);
    blocks = [...blocks, fresh];
    return fresh;
  };
  /** Once most rows are gone, those that are left move into new blocks; running searches keep the old ones. */
  const compact = () => {
    const used = blocks.reduce((sum, { block }) => sum + block.count, 0);
    if (used - living() <= living() + smallestBlock) return;
    const old = blocks;
    blocks = [];
    for (const { block, alive, sequences } of old)
      for (let row = 0; row < block.count; row++)
        if (alive[row] === 1) appendRow(roomy(), block, row, sequences[row] as number);
  };
  return {
    get count() {
      return living();
    },
    get bytes() {
      return blocks.reduce((sum, { capacity }) => sum + capacity, 0) * bytesPerRow(shape);
    },
    append(rows, sequences) {
      for (let row = 0; row < rows.count; row++) appendRow(roomy(), rows, row, sequences[row] as number);
    },
    remove(sequence) {
      const removed = blocks.some((block) => removeRow(block, sequence));
      if (removed) compact();
      return removed;
    },
    async search({ metric, nearest }, queries, { k, allowed, signal }) {
      if (closed) throw new AffinisError('unavailable', '[core] the gallery is closed', { reason: 'STOPPING' });
      const used = blocks.filter((block) => block.living > 0);
      const rows = await Promise.all(
        used.map(async ({ block, alive, sequences }) => {
          signal?.throwIfAborted();
          const mask = allowed ? maskOf(allowed, sequences, alive, block.count) : alive;
          const references = readable(block, metric.needsVariance);
          return { sequences, found: await nearest({ queries, references, alive: mask, k }, { ...shape, signal }) };
        }),
      );
      signal?.throwIfAborted();
      return Array.from({ length: queries.count }, (_, query) =>
        rows
          .flatMap(({ sequences, found }) => candidatesOf(found, query, k, sequences))
          .sort((a, b) => (metric.polarity === 'similarity' ? b.score - a.score : a.score - b.score))
          .slice(0, k),
      );
    },
    async close() {
      closed = true;
      blocks = [];
    },
  };
}

/** The block as it is now, in an object of its own; without variances for metrics that use none. */
function readable({ variances, ...block }: EmbeddingBlock, withVariance: boolean): EmbeddingBlock {
  return withVariance && variances ? { ...block, variances } : { ...block, varianceKind: 'none' };
}

/** `alive` and allowed; both lists of sequence numbers ascend. */
function maskOf(allowed: ArrayLike<number>, sequences: Uint32Array, alive: Uint8Array, count: number): Uint8Array {
  const mask = new Uint8Array(count);
  let at = 0;
  for (let row = 0; row < count; row++) {
    const sequence = sequences[row] as number;
    while (at < allowed.length && (allowed[at] as number) < sequence) at++;
    if (at < allowed.length && allowed[at] === sequence) mask[row] = alive[row] as number;
  }
  return mask;
}

function candidatesOf({ rows, scores }: NearestRows, query: number, k: number, sequences: Uint32Array): Candidate[] {
  const found: Candidate[] = [];
  for (let place = query * k; place < (query + 1) * k && (rows[place] as number) >= 0; place++)
    found.push({ sequence: sequences[rows[place] as number] as number, score: scores[place] as number });
  return found;
}
