import type { Candidate, RowIndexOptions } from '@affinis/core';
import { createExactRows } from './exact-rows.ts';
import type { Executor } from './executor.ts';
import type { RowSet } from './row-set.ts';
import type { Search } from './rows.ts';

/** Rows that are in memory at a time. */
const together = 2048;

/** Scores every row from the store: for forms that codes cannot rank. Slow, and flat in memory. */
export async function streamExactly(
  executor: Executor,
  set: RowSet,
  options: RowIndexOptions,
  search: Search,
): Promise<(readonly Candidate[])[]> {
  const { dimension, varianceKind, readRow } = options;
  const width = varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : dimension;
  const means = new Float32Array(together * dimension);
  const variances = new Float32Array(together * width);
  const found: Candidate[][] = Array.from({ length: search.queries.count }, () => []);
  const allowed = search.allowed && new Set(Array.from(search.allowed));
  let slot = 0;
  while (slot < set.total) {
    const sequences: number[] = [];
    for (; slot < set.total && sequences.length < together; slot++) {
      const sequence = set.sequenceAt(slot);
      if (!set.isLive(slot) || (allowed && !allowed.has(sequence))) continue;
      const row = sequences.length;
      const mean = means.subarray(row * dimension, (row + 1) * dimension);
      if (readRow?.(sequence, mean, variances.subarray(row * width, (row + 1) * width))) sequences.push(sequence);
    }
    const rows = createExactRows(executor, options);
    try {
      const count = sequences.length;
      rows.append({ dimension, means, variances, varianceKind, unitNorm: false, start: 0, count }, sequences);
      const { form, queries, k } = search;
      for (const [q, part] of (await rows.search({ form, queries, k })).entries()) {
        const list = found[q] as Candidate[];
        list.push(...part);
        list.sort((a, b) => b.score - a.score || a.sequence - b.sequence).splice(k);
      }
    } finally {
      rows.close();
    }
  }
  return found;
}
