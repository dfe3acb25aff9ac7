import { AffinisError, type EmbeddingBlock, type RowIndexOptions } from '@affinis/core';
import type { Region } from './arena.ts';
import { type ChunkLayout, createChunkLayout } from './chunk-layout.ts';
import type { Executor } from './executor.ts';

/** Rows of one layout in chunks, each with the number that its template has and whether it can be found. */
export interface RowSet {
  readonly id: number;
  readonly layout: ChunkLayout;
  /** Slots in use, those of removed rows too. */
  readonly total: number;
  /** Of chunks in use: one whose rows are all gone is given back. */
  readonly bytes: number;
  /** Makes room for rows that tasks will fill, and says how many there are once they have. */
  reserve(rows: number): void;
  fill(sequences: ArrayLike<number>): void;
  /** Copies rows in, variances multiplied. */
  append(block: EmbeddingBlock, sequences: ArrayLike<number>, varianceScale: number): void;
  /** Of a row in a chunk that is gone: that of its first. */
  sequenceAt(slot: number): number;
  /** -1 where there is none, or it was removed. */
  slotOf(sequence: number): number;
  isLive(slot: number): boolean;
  hide(slot: number): void;
  /** The next search is to find these only. */
  allow(sequences: ArrayLike<number>): void;
  /** Copies rows, variances as they are stored. */
  row(slot: number, mean: Float32Array, variance: Float32Array): void;
  /** Forgets all rows and keeps their memory. */
  clear(): void;
  close(): void;
}

export function createRowSet(
  executor: Executor,
  kind: ChunkLayout['kind'],
  dimension: number,
  varianceKind: RowIndexOptions['varianceKind'],
): RowSet {
  const layout = createChunkLayout(kind, dimension, varianceKind);
  const { rowsPerChunk, stride, offsets } = layout;
  const varianceWidth = varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : stride;
  const id = executor.open(layout);
  const chunks: (Chunk | undefined)[] = [];
  /** By chunk, also of those that are gone. */
  const firstSequences: number[] = [];
  let total = 0;

  const memoryOf = ({ shard }: Region) => executor.arena.memories[shard] as WebAssembly.Memory;
  const bitsOf = ({ region }: Chunk, which: 'live' | 'allowed') =>
    new Uint8Array(memoryOf(region).buffer, region.address + offsets[which], rowsPerChunk / 8);
  const chunkOf = (slot: number) => chunks[Math.floor(slot / rowsPerChunk)];
  const present = (slot: number): Chunk => {
    const chunk = chunkOf(slot);
    if (!chunk) throw new AffinisError('internal', '[kernels] a row of a chunk that is gone');
    return chunk;
  };
  const reserve = (rows: number) => {
    while (chunks.length * rowsPerChunk < total + rows) {
      const region = executor.arena.allocate(layout.bytes);
      chunks.push({ region, sequences: new Uint32Array(rowsPerChunk), living: 0 });
      executor.addChunk(id, region);
    }
  };
  const isLive = (slot: number) => {
    const chunk = chunkOf(slot);
    const row = slot % rowsPerChunk;
    return chunk !== undefined && (((bitsOf(chunk, 'live')[row >> 3] as number) >> (row & 7)) & 1) === 1;
  };
  const slotOf = (sequence: number) => {
    const index = lastAtMost(firstSequences, firstSequences.length, sequence);
    const chunk = index < 0 ? undefined : chunks[index];
    if (!chunk) return -1;
    const first = index * rowsPerChunk;
    const row = lastAtMost(chunk.sequences, Math.min(rowsPerChunk, total - first), sequence);
    return row >= 0 && chunk.sequences[row] === sequence && isLive(first + row) ? first + row : -1;
  };
  const fill = (numbers: ArrayLike<number>) => {
    for (let added = 0; added < numbers.length; added++, total++) {
      const chunk = present(total);
      const row = total % rowsPerChunk;
      if (row === 0) firstSequences.push(numbers[added] as number);
      chunk.sequences[row] = numbers[added] as number;
      chunk.living++;
      setBit(bitsOf(chunk, 'live'), row);
    }
  };
  /** Once no search reads it. */
  const giveBack = (index: number) => {
    const chunk = chunks[index];
    if (!chunk || chunk.living > 0 || (index + 1) * rowsPerChunk > total) return;
    chunks[index] = undefined;
    executor.dropChunk(id, index);
    executor.arena.free(chunk.region);
  };

  return {
    id,
    layout,
    get total() {
      return total;
    },
    get bytes() {
      const used = chunks.filter((chunk) => chunk !== undefined).length;
      return used * (layout.bytes + 4 * rowsPerChunk) + 8 * chunks.length;
    },
    reserve,
    fill,
    append(block, numbers, varianceScale) {
      reserve(block.count);
      const width = varianceKind === 'scalar' ? 1 : dimension;
      const { variances } = block;
      for (let row = 0; row < block.count; row++) {
        const { region } = present(total + row);
        const { buffer } = memoryOf(region);
        const place = (total + row) % rowsPerChunk;
        const from = (block.start + row) * dimension;
        new Float32Array(buffer, region.address + offsets.means + 4 * stride * place, dimension).set(
          block.means.subarray(from, from + dimension),
        );
        if (varianceWidth === 0 || !variances) continue;
        const target = new Float32Array(
          buffer,
          region.address + offsets.variances + 4 * varianceWidth * place,
          varianceWidth,
        );
        const first = (block.start + row) * width;
        for (let d = 0; d < width; d++) target[d] = (variances[first + d] as number) * varianceScale;
        target.fill(1, width);
      }
      fill(numbers);
    },
    sequenceAt(slot) {
      const index = Math.floor(slot / rowsPerChunk);
      return (chunks[index]?.sequences[slot % rowsPerChunk] ?? firstSequences[index]) as number;
    },
    slotOf,
    isLive,
    hide(slot) {
      const chunk = chunkOf(slot);
      if (!chunk || !isLive(slot)) return;
      clearBit(bitsOf(chunk, 'live'), slot % rowsPerChunk);
      chunk.living--;
      if (chunk.living === 0) void executor.exclusive(async () => giveBack(Math.floor(slot / rowsPerChunk)));
    },
    allow(allowed) {
      for (const chunk of chunks) if (chunk) bitsOf(chunk, 'allowed').fill(0);
      for (let each = 0; each < allowed.length; each++) {
        const slot = slotOf(allowed[each] as number);
        if (slot >= 0) setBit(bitsOf(present(slot), 'allowed'), slot % rowsPerChunk);
      }
    },
    row(slot, mean, variance) {
      const { region } = present(slot);
      const { buffer } = memoryOf(region);
      const row = slot % rowsPerChunk;
      mean.set(new Float32Array(buffer, region.address + offsets.means + 4 * stride * row, dimension));
      if (varianceWidth === 0) return;
      const width = varianceKind === 'scalar' ? 1 : dimension;
      variance.set(new Float32Array(buffer, region.address + offsets.variances + 4 * varianceWidth * row, width));
    },
    clear() {
      for (const chunk of chunks) {
        if (!chunk) continue;
        bitsOf(chunk, 'live').fill(0);
        new Int32Array(memoryOf(chunk.region).buffer, chunk.region.address, 4).fill(0);
        chunk.living = 0;
      }
      firstSequences.length = 0;
      total = 0;
    },
    close() {
      executor.close(id);
      for (const chunk of chunks) if (chunk) executor.arena.free(chunk.region);
      chunks.length = 0;
      firstSequences.length = 0;
      total = 0;
    },
  };
}

interface Chunk {
  readonly region: Region;
  /** uint32 a row, ascending. */
  readonly sequences: Uint32Array;
  living: number;
}

/** Index of the last of the first `length` values that is at most `value`; -1 where there is none. */
function lastAtMost(values: ArrayLike<number>, length: number, value: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function setBit(bits: Uint8Array, at: number): void {
  bits[at >> 3] = (bits[at >> 3] as number) | (1 << (at & 7));
}

function clearBit(bits: Uint8Array, at: number): void {
  bits[at >> 3] = (bits[at >> 3] as number) & ~(1 << (at & 7));
}
