import { availableParallelism } from 'node:os';
import {
  AffinisError,
  type Candidate,
  type EmbeddingBlock,
  type RowIndex,
  type RowIndexFactory,
  type RowIndexOptions,
  type ScanForm,
  type SearchOptions,
} from '@affinis/core';
import { checkQueries } from './check-queries.ts';
import { mostQueries } from './chunk-layout.ts';
import { createExecutor, type Executor } from './executor.ts';
import { availableKernels, type KernelKind } from './load-kernels.ts';
import { createRows, type Rows } from './rows.ts';

export interface RowIndexFactoryOptions {
  /** Threads that scan, for all indices together; 0: the caller's own. Default: one a core. */
  readonly threads?: number | 'auto';
  /** Default: `simd` where this machine has it. */
  readonly kernels?: KernelKind;
  /** Bytes of one shared memory, at most 4 GiB; rows are spread over as many as they take. Default 1 GiB. */
  readonly memoryBytes?: number;
}

/** Indices over kernels that share their threads and memories, which the first of them starts; see `RowIndex`. */
export function createRowIndexFactory(options: RowIndexFactoryOptions = {}): RowIndexFactory {
  const { threads = 'auto', kernels = availableKernels(), memoryBytes = 2 ** 30 } = options;
  const count = threads === 'auto' ? availableParallelism() : threads;
  let executor: Executor | undefined;
  return {
    create(each) {
      executor ??= createExecutor({ threads: count, kernels, memoryBytes });
      return createRowIndex(executor, each);
    },
    close: async () => executor?.end(),
  };
}

interface Waiting {
  readonly form: ScanForm;
  readonly queries: EmbeddingBlock;
  readonly options: SearchOptions;
  resolve(found: readonly (readonly Candidate[])[]): void;
  reject(thrown: unknown): void;
}

function createRowIndex(executor: Executor, options: RowIndexOptions): RowIndex {
  const rows: Rows = createRows(executor, options);
  let waiting: Waiting[] = [];
  let closed = false;

  /** Searches that ask alike and wait, so that one pass answers them all. */
  const take = (): Waiting[] => {
    waiting = waiting.filter(({ options: { signal }, reject }) => {
      if (signal?.aborted) reject(signal.reason);
      return !signal?.aborted;
    });
    const [first] = waiting;
    if (!first) return [];
    let count = 0;
    const together = waiting.filter((each) => {
      if (each !== first && !alike(first, each)) return false;
      count += each.queries.count;
      return each === first || count <= mostQueries;
    });
    waiting = waiting.filter((each) => !together.includes(each));
    return together;
  };
  const perform = async () => {
    const together = take();
    const [first] = together;
    if (!first) return;
    try {
      const found = await searchAll(
        rows,
        first,
        together.map(({ queries }) => queries),
      );
      let at = 0;
      for (const { queries, resolve } of together) {
        resolve(found.slice(at, at + queries.count));
        at += queries.count;
      }
    } catch (thrown) {
      for (const { reject } of together) reject(thrown);
    }
  };

  return {
    get count() {
      return rows.count;
    },
    get bytes() {
      return rows.bytes;
    },
    append(block, sequences) {
      if (closed) throw closedError();
      rows.append(block, sequences);
    },
    settle: () => rows.settle(),
    remove: (sequence) => rows.remove(sequence),
    search: async (form, queries, search) => {
      if (closed) throw closedError();
      checkQueries(form, queries, options);
      if (queries.count === 0) return [];
      if (rows.count === 0) return Array.from({ length: queries.count }, () => []);
      return new Promise((resolve, reject) => {
        waiting.push({ form, queries, options: search, resolve, reject });
        void executor.exclusive(perform);
      });
    },
    async close() {
      closed = true;
      await executor.exclusive(async () => rows.close());
    },
  };
}

const alike = (first: Waiting, other: Waiting): boolean =>
  first.form === other.form &&
  first.options.k === other.options.k &&
  first.options.allowed === undefined &&
  other.options.allowed === undefined &&
  first.queries.varianceKind === other.queries.varianceKind;

/** A pass for every sixteen queries. */
async function searchAll(
  rows: Rows,
  { form, options: { k, allowed } }: Waiting,
  blocks: readonly EmbeddingBlock[],
): Promise<readonly (readonly Candidate[])[]> {
  const found: (readonly Candidate[])[] = [];
  const all = joined(blocks);
  for (let start = 0; start < all.count; start += mostQueries) {
    const count = Math.min(mostQueries, all.count - start);
    const part = joined([{ ...all, start, count }]);
    found.push(...(await rows.search({ form, queries: part, k, ...(allowed ? { allowed } : {}) })));
  }
  return found;
}

/** Copies blocks of one kind into one that begins at 0. */
function joined(blocks: readonly EmbeddingBlock[]): EmbeddingBlock {
  const [first] = blocks as readonly [EmbeddingBlock];
  const { dimension, varianceKind, unitNorm } = first;
  const count = blocks.reduce((sum, block) => sum + block.count, 0);
  const width = varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : dimension;
  const means = new Float32Array(count * dimension);
  const variances = new Float32Array(count * width);
  let at = 0;
  for (const { start, count: rows, means: from, variances: fromVariances } of blocks) {
    means.set(from.subarray(start * dimension, (start + rows) * dimension), at * dimension);
    if (fromVariances && width > 0)
      variances.set(fromVariances.subarray(start * width, (start + rows) * width), at * width);
    at += rows;
  }
  return { dimension, means, variances, varianceKind, unitNorm, start: 0, count };
}

const closedError = () => new AffinisError('failed-precondition', '[kernels] this index is closed; open another');
