import type { RowIndexOptions } from '@affinis/core';

/** How the rows of one set lie in their chunks. All chunks of a set have the same layout, and as many rows. */
export interface ChunkLayout {
  /** `rows`: float32 means and variances. `codes`: blocks of sixteen rows, see assembly/codes.ts. */
  readonly kind: 'rows' | 'codes';
  readonly dimension: number;
  /** Values a row: the dimension rounded up to a multiple of 8. Padding has mean 0 and variance 1. */
  readonly stride: number;
  readonly varianceKind: RowIndexOptions['varianceKind'];
  /** A power of two, at least 16. */
  readonly rowsPerChunk: number;
  /** Bytes of a chunk. */
  readonly bytes: number;
  /** Offsets in a chunk; each a multiple of 64. */
  readonly offsets: ChunkOffsets;
}

interface ChunkOffsets {
  /** i32 form that `bias` was computed for (0: none), i32 rows that have it. */
  readonly header: number;
  /** One bit a row: it can be found. */
  readonly live: number;
  /** One bit a row: it can be found by the search that runs. */
  readonly allowed: number;
  /** float64 a row: what it adds to a score by itself. */
  readonly bias: number;
  /** float64 a row: 1 / |mean|. */
  readonly scale: number;
  /** Codes: float32[16, rows / 16], by query what a block's best row can score. */
  readonly foreseen: number;
  /** float32[rows, stride], float32[rows] or nothing. */
  readonly variances: number;
  /** float32[rows, stride], or the blocks of codes. */
  readonly means: number;
}

const wantedBytes = 1 << 20;
const codeBytesPerPair = 3;
/** Rows of codes that are scanned together. */
export const rowsPerBlock = 16;
/** Queries that one pass over the rows answers. */
export const mostQueries = 16;

/** Bytes of what is foreseen of a chunk's blocks for one query. */
export const foreseenStep = (rowsPerChunk: number): number => (4 * rowsPerChunk) / rowsPerBlock;

export function createChunkLayout(
  kind: ChunkLayout['kind'],
  dimension: number,
  varianceKind: ChunkLayout['varianceKind'],
): ChunkLayout {
  const stride = Math.ceil(dimension / 8) * 8;
  const varianceValues = kind === 'codes' || varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : stride;
  const meanBytes = kind === 'codes' ? (stride / 2) * codeBytesPerPair : 4 * stride;
  const perRow = meanBytes + 4 * varianceValues;
  const rowsPerChunk = 2 ** Math.max(4, Math.floor(Math.log2(wantedBytes / perRow)));
  let end = 64;
  const take = (bytes: number) => {
    const at = end;
    end += Math.ceil(bytes / 64) * 64;
    return at;
  };
  const floats = kind === 'rows' ? 8 * rowsPerChunk : 0;
  const offsets = {
    header: 0,
    live: take(rowsPerChunk / 8),
    allowed: take(rowsPerChunk / 8),
    bias: take(floats),
    scale: take(floats),
    foreseen: take(kind === 'codes' ? mostQueries * foreseenStep(rowsPerChunk) : 0),
    variances: take(4 * varianceValues * rowsPerChunk),
    means: take(meanBytes * rowsPerChunk),
  };
  return { kind, dimension, stride, varianceKind, rowsPerChunk, bytes: end, offsets };
}
