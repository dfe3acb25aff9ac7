import { AffinisError, type Candidate, type EmbeddingBlock, type RowIndexOptions } from '@affinis/core';
import { fitCodeParameters } from './code-parameters.ts';
import { hasCodeTables } from './code-tables.ts';
import { createExactRows, type ExactRows } from './exact-rows.ts';
import type { Executor } from './executor.ts';
import type { CodeParameters } from './protocol.ts';
import { createRowSet, type RowSet } from './row-set.ts';
import type { Rows, Search } from './rows.ts';
import { fillScratchBytes } from './scratch.ts';
import { createShortlister, type Shortlister } from './shortlist.ts';
import { streamExactly } from './stream-exactly.ts';

/** So many rows are looked at before their ranges are taken for codes. */
const rowsToLearnFrom = 4096;
/** Rows that wait as float32 for their codes. */
const rowsTogether = 1024;

/** What has been coded, and how. */
export interface CodedSet {
  readonly set: RowSet;
  readonly parameters: CodeParameters;
  readonly varianceScale: number;
  /** Values that float32 lanes cannot take are among them. */
  wide: boolean;
}

/**
 * Rows of a byte a mean and half a byte a variance, ranked by tables over codes; what comes near is scored exactly from the
 * rows that the store maps. The latest rows are float32 until enough have come to be coded together.
 */
export function createCodedRows(executor: Executor, options: RowIndexOptions): Rows {
  const { dimension, varianceKind, readRow } = options;
  if (!readRow) throw new AffinisError('invalid-argument', '[kernels] mode "quantised" needs readRow for exact scores');
  const exactOptions = { dimension, varianceKind };
  let coded: CodedSet | undefined;
  let shortlister: Shortlister | undefined;
  let latest = createExactRows(executor, exactOptions);
  /** Being coded; searches still find them here. */
  let leaving: ExactRows[] = [];
  let unitNorm = true;
  let count = 0;
  let work: Promise<void> = Promise.resolve();
  let failed: unknown;

  const begin = (from: ExactRows): CodedSet => {
    const sample = sampleOf(from, dimension, varianceKind);
    const set = createRowSet(executor, 'codes', dimension, varianceKind);
    return { set, parameters: fitCodeParameters(sample), varianceScale: from.varianceScale, wide: false };
  };
  const leave = (from: ExactRows) => {
    leaving = leaving.filter((each) => each !== from);
    from.close();
  };
  const encode = async (from: ExactRows): Promise<void> => {
    // Nothing to learn ranges from: every row went before its codes came.
    if (from.count === 0) return leave(from);
    coded ??= begin(from);
    shortlister ??= createShortlister(executor, coded, options);
    coded.wide ||= from.wide;
    const { set, parameters } = coded;
    const { total } = from.set;
    const sequences = Uint32Array.from({ length: total }, (_, slot) => from.set.sequenceAt(slot));
    const start = set.total;
    set.reserve(total);
    const how = { parameters };
    await executor.fill(
      { kind: 'fill', set: set.id, source: from.set.id, total: start + total, from: start, sourceFrom: 0, how },
      fillScratchBytes(from.set.layout, 0),
    );
    set.fill(sequences);
    for (let slot = 0; slot < total; slot++) if (!from.set.isLive(slot)) set.hide(start + slot);
    leave(from);
  };
  const codeLatest = () => {
    const from = latest;
    leaving.push(from);
    latest = createExactRows(executor, exactOptions, from.varianceScale);
    work = executor
      .exclusive(() => encode(from))
      .catch((thrown: unknown) => {
        failed = thrown;
      });
  };

  /** One set after the other: tasks of one thread share its scratch memory, which the next may replace by a larger. */
  const exactly = async (search: Search): Promise<(readonly Candidate[])[][]> => {
    const parts: (readonly Candidate[])[][] = [];
    for (const rows of [...leaving, latest]) if (rows.count > 0) parts.push([...(await rows.search(search))]);
    return parts;
  };

  return {
    get count() {
      return count;
    },
    get bytes() {
      return [...leaving, latest].reduce((sum, { bytes }) => sum + bytes, coded?.set.bytes ?? 0);
    },
    append(block: EmbeddingBlock, sequences) {
      unitNorm &&= block.unitNorm;
      for (let start = 0; start < block.count; start += rowsTogether) {
        const part = { ...block, start: block.start + start, count: Math.min(rowsTogether, block.count - start) };
        latest.append(
          part,
          Array.from({ length: part.count }, (_, row) => sequences[start + row] as number),
        );
        const enough = coded || leaving.length > 0 ? rowsTogether : rowsToLearnFrom;
        if (latest.set.total >= enough) codeLatest();
      }
      count += block.count;
    },
    remove(sequence) {
      let removed = [...leaving, latest].some((rows) => rows.remove(sequence));
      const slot = coded?.set.slotOf(sequence) ?? -1;
      if (slot >= 0) coded?.set.hide(slot);
      removed ||= slot >= 0;
      if (removed) count--;
      return removed;
    },
    async search(search) {
      const parts = await exactly(search);
      if (coded && shortlister && coded.set.total > 0) {
        const ranked = hasCodeTables(search.form, unitNorm && search.queries.unitNorm);
        parts.push(
          ranked ? await shortlister.search(search) : await streamExactly(executor, coded.set, options, search),
        );
      }
      return Array.from({ length: search.queries.count }, (_, q) =>
        best(
          parts.map((part) => part[q] ?? []),
          search.k,
        ),
      );
    },
    async settle() {
      await work;
      if (failed !== undefined) throw failed;
    },
    close() {
      for (const rows of [...leaving, latest]) rows.close();
      coded?.set.close();
      count = 0;
    },
  };
}

const best = (parts: readonly (readonly Candidate[])[], k: number): readonly Candidate[] =>
  parts
    .flat()
    .sort((a, b) => b.score - a.score || a.sequence - b.sequence)
    .slice(0, k);

function sampleOf({ set }: ExactRows, dimension: number, varianceKind: RowIndexOptions['varianceKind']) {
  const living = Array.from({ length: set.total }, (_, slot) => slot).filter(set.isLive);
  const count = Math.min(living.length, 1024);
  const width = varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : dimension;
  const means = new Float32Array(count * dimension);
  const variances = new Float32Array(count * width);
  for (let row = 0; row < count; row++)
    set.row(
      living[Math.floor((row * living.length) / count)] as number,
      means.subarray(row * dimension, (row + 1) * dimension),
      variances.subarray(row * width, (row + 1) * width),
    );
  return {
    dimension,
    count,
    mean: (row: number, d: number) => means[row * dimension + d] as number,
    variance: (row: number, d: number) =>
      width === 0 ? 0 : (variances[row * width + (width === 1 ? 0 : d)] as number),
  };
}
