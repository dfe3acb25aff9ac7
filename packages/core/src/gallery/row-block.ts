import type { EmbeddingBlock } from '../metric.ts';

/** What rows of one gallery have in common. */
export interface RowShape {
  readonly dimension: number;
  readonly varianceKind: 'none' | 'scalar' | 'diagonal';
  readonly unitNorm: boolean;
}

/** Rows in memory that worker threads read without a copy. */
export interface RowBlock {
  readonly capacity: number;
  readonly block: EmbeddingBlock;
  /** uint32[capacity]: each row's sequence number, ascending. */
  readonly sequences: Uint32Array;
  /** uint8[capacity]: 0 where the row has been removed. */
  readonly alive: Uint8Array;
  living: number;
}

export function createRowBlock({ dimension, varianceKind, unitNorm }: RowShape, capacity: number): RowBlock {
  const variances = varianceLengthOf({ dimension, varianceKind });
  return {
    capacity,
    block: {
      dimension,
      varianceKind,
      unitNorm,
      means: sharedFloats(capacity * dimension),
      ...(variances === 0 ? {} : { variances: sharedFloats(capacity * variances) }),
      start: 0,
      count: 0,
    },
    sequences: new Uint32Array(capacity),
    alive: new Uint8Array(new SharedArrayBuffer(capacity)),
    living: 0,
  };
}

/** Values of one row's variance: 0, 1 or D. */
export const varianceLengthOf = ({ dimension, varianceKind }: Omit<RowShape, 'unitNorm'>): number =>
  varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : dimension;

export const bytesPerRow = (shape: Omit<RowShape, 'unitNorm'>): number =>
  4 * (shape.dimension + varianceLengthOf(shape)) + 5;

/** Copies row `from` of `source` to the end; the block must have room. */
export function appendRow(target: RowBlock, source: EmbeddingBlock, from: number, sequence: number): void {
  const { block, sequences, alive } = target;
  copyRow(block.means, block.count, source.means, source.start + from, block.dimension);
  if (block.variances && source.variances)
    copyRow(block.variances, block.count, source.variances, source.start + from, varianceLengthOf(block));
  sequences[block.count] = sequence;
  alive[block.count] = 1;
  block.count++;
  target.living++;
}

/** False where it is not there. */
export function removeRow(target: RowBlock, sequence: number): boolean {
  const row = rowOf(target, sequence);
  if (row === undefined || target.alive[row] === 0) return false;
  target.alive[row] = 0;
  target.living--;
  return true;
}

function rowOf({ sequences, block: { count } }: RowBlock, sequence: number): number | undefined {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sequences[middle] as number) < sequence) low = middle + 1;
    else high = middle;
  }
  return low < count && sequences[low] === sequence ? low : undefined;
}

function copyRow(target: Float32Array, to: number, source: Float32Array, from: number, length: number): void {
  target.set(source.subarray(from * length, (from + 1) * length), to * length);
}

const sharedFloats = (length: number) => new Float32Array(new SharedArrayBuffer(length * 4));
