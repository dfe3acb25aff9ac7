import type { ChunkLayout } from './chunk-layout.ts';
import { heapBytes } from './kernels.ts';

/** Addresses of what a thread needs beside the rows, in one memory. */
export interface Scratch {
  readonly heaps: number;
  readonly queries: number;
  readonly constants: number;
  readonly variances: number;
  /** Heaps of the blocks that are scanned first. */
  readonly promising: number;
  /** 64 bytes for sixteen scores. */
  readonly scores: number;
  /** float32[stride, 2] or rows under way, to the end. */
  readonly rest: number;
  readonly bytes: number;
}

export interface ScratchSize {
  readonly stride: number;
  readonly count: number;
  readonly k: number;
  /** 0 where there are no codes. */
  readonly nearestK: number;
}

/** Rows that are copied from one memory to another at a time. */
export const rowsUnderWay = 64;

/** The most that queries take: seven vectors a dimension (mls-llr), or 96 bytes a pair of dimensions (codes). */
const queryBytesPerValue = 48;

/** Blocks that are scanned first, so that most of the wanted rows are known then. */
export const promisingOf = (nearestK: number): number => 16 + 2 * nearestK;

export function scratchAt(address: number, { stride, count, k, nearestK }: ScratchSize): Scratch {
  let end = address;
  const take = (bytes: number) => {
    const at = end;
    end += Math.ceil(bytes / 64) * 64;
    return at;
  };
  return {
    heaps: take(count * (heapBytes(k) + (nearestK > 0 ? heapBytes(nearestK) : 0))),
    queries: take(count * stride * queryBytesPerValue),
    constants: take(count * (32 + 8 * Math.ceil(stride / 64))),
    variances: take(count * 4),
    promising: take(nearestK > 0 ? count * heapBytes(promisingOf(nearestK)) : 0),
    scores: take(64),
    rest: take(8 * stride * rowsUnderWay),
    get bytes() {
      return end - address;
    },
  };
}

export const scratchBytes = (size: ScratchSize): number => scratchAt(0, size).bytes;

/** What filling a set takes: rows under way, and a matrix or parameters. */
export const fillScratchBytes = ({ stride }: ChunkLayout, outputs: number): number =>
  8 * stride * rowsUnderWay + 4 * stride * outputs + 4 * outputs + 16 * stride + 256;
