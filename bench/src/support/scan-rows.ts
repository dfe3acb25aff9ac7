import type { EmbeddingBlock, RowIndex, RowIndexFactory } from '@affinis/core';

const together = 2000;

/** The same rows in an exact index of this process, without a server. */
export async function fillExact(factory: RowIndexFactory, rows: EmbeddingBlock): Promise<RowIndex> {
  const { dimension, varianceKind, count } = rows;
  const index = factory.create({ dimension, varianceKind, mode: 'exact' });
  for (let start = 0; start < count; start += together) {
    const some = Math.min(together, count - start);
    const sequences = Uint32Array.from({ length: some }, (_, row) => start + row);
    index.append({ ...rows, start, count: some }, sequences);
    await index.settle();
  }
  return index;
}
