import type { EmbeddingBlock, RowIndexOptions } from '@affinis/core';
import type { Region } from './arena.ts';
import { type ChunkLayout, createChunkLayout } from './chunk-layout.ts';
import type { Executor } from './executor.ts';

/** Rows of one layout in chunks, each with the number that its template has and whether it can be found. */
export interface RowSet {
  readonly id: number;
  readonly layout: ChunkLayout;
  /** Slots in use, those of removed rows too. */
  readonly total: number;
  readonly bytes: number;
  /** Makes room for rows that tasks will fill, and says how many there are once they have. */
  reserve(rows: number): void;
  fill(sequences: ArrayLike<number>): void;
  /** Copies rows in, variances multiplied. */
  append(block: EmbeddingBlock, sequences: ArrayLike<number>, varianceScale: number): void;
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
  const chunks: Region[] = [];
  let sequences = new Uint32Array(rowsPerChunk);
  let total = 0;

  const memoryOf = ({ shard }: Region) => executor.arena.memories[shard] as WebAssembly.Memory;
  const at = (slot: number) => {
    const region = chunks[Math.floor(slot / rowsPerChunk)] as Region;
    return {
      region,
      row: slot % rowsPerChunk,
      buffer: memoryOf(region).buffer,
    };
  };
  const bitsOf = (region: Region, which: 'live' | 'allowed') =>
    new Uint8Array(memoryOf(region).buffer, region.address + offsets[which], rowsPerChunk / 8);
  const reserve = (rows: number) => {
    while (chunks.length * rowsPerChunk < total + rows) {
      const region = executor.arena.allocate(layout.bytes);
      chunks.push(region);
      executor.chunk(id, region);
    }
    if (sequences.length < total + rows) {
      const larger = new Uint32Array(Math.max(total + rows, Math.ceil(sequences.length * 1.5)));
      larger.set(sequences.subarray(0, total));
      sequences = larger;
    }
  };
  const show = (slot: number, sequence: number) => {
    sequences[slot] = sequence;
    const { region, row } = at(slot);
    const live = bitsOf(region, 'live');
    live[row >> 3] = (live[row >> 3] as number) | (1 << (row & 7));
  };
  const isLive = (slot: number) => {
    const { region, row } = at(slot);
    return (((bitsOf(region, 'live')[row >> 3] as number) >> (row & 7)) & 1) === 1;
  };
  const slotOf = (sequence: number) => {
    let low = 0;
    let high = total;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sequences[middle] as number) < sequence) low = middle + 1;
      else high = middle;
    }
    return low < total && sequences[low] === sequence && isLive(low) ? low : -1;
  };
  const fill = (numbers: ArrayLike<number>) => {
    for (let row = 0; row < numbers.length; row++) show(total + row, numbers[row] as number);
    total += numbers.length;
  };

  return {
    id,
    layout,
    get total() {
      return total;
    },
    get bytes() {
      return chunks.length * layout.bytes + sequences.byteLength;
    },
    reserve,
    fill,
    append(block, numbers, varianceScale) {
      reserve(block.count);
      for (let row = 0; row < block.count; row++) {
        const place = at(total + row);
        const means = place.region.address + offsets.means + 4 * stride * place.row;
        const from = (block.start + row) * dimension;
        new Float32Array(place.buffer, means, dimension).set(block.means.subarray(from, from + dimension));
        if (varianceWidth === 0 || !block.variances) continue;
        const variances = place.region.address + offsets.variances + 4 * varianceWidth * place.row;
        const target = new Float32Array(place.buffer, variances, varianceWidth);
        const width = varianceKind === 'scalar' ? 1 : dimension;
        const first = (block.start + row) * width;
        for (let d = 0; d < width; d++) target[d] = (block.variances[first + d] as number) * varianceScale;
        target.fill(1, width);
      }
      fill(numbers);
    },
    sequenceAt: (slot) => sequences[slot] as number,
    slotOf,
    isLive,
    hide(slot) {
      const { region, row } = at(slot);
      const live = bitsOf(region, 'live');
      live[row >> 3] = (live[row >> 3] as number) & ~(1 << (row & 7));
    },
    allow(allowed) {
      for (const region of chunks) bitsOf(region, 'allowed').fill(0);
      for (let each = 0; each < allowed.length; each++) {
        const slot = slotOf(allowed[each] as number);
        if (slot < 0) continue;
        const { region, row } = at(slot);
        const bits = bitsOf(region, 'allowed');
        bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7));
      }
    },
    row(slot, mean, variance) {
      const { region, row, buffer } = at(slot);
      mean.set(new Float32Array(buffer, region.address + offsets.means + 4 * stride * row, dimension));
      if (varianceWidth === 0) return;
      const width = varianceKind === 'scalar' ? 1 : dimension;
      variance.set(new Float32Array(buffer, region.address + offsets.variances + 4 * varianceWidth * row, width));
    },
    clear() {
      for (const region of chunks) {
        bitsOf(region, 'live').fill(0);
        new Int32Array(memoryOf(region).buffer, region.address, 4).fill(0);
      }
      total = 0;
    },
    close() {
      executor.close(id);
      for (const region of chunks) executor.arena.free(region);
      chunks.length = 0;
      total = 0;
    },
  };
}
