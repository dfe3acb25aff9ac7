import { AffinisError, checkComparable, type Embedding, type MetricTraits } from '@affinis/core';
import type { SpacedBlock } from './embedding-codec.ts';
import type { ScoreMatrixResponse } from './generated/affinis/v1/metric.ts';

/** A rectangle of a score matrix, in rows of queries and columns of references. */
export type Tile = Pick<ScoreMatrixResponse, 'firstQuery' | 'queryCount' | 'firstReference' | 'referenceCount'>;

/** Most scores in one message of a matrix: 256 KiB of float32. */
const scoresPerMessage = 65_536;

/** Covers a matrix once, in tiles that fit a message; `rowsPerBlock` 0 takes as many rows as do. */
export async function* tilesOf(queries: number, references: number, rowsPerBlock: number): AsyncGenerator<Tile> {
  const columns = Math.min(references, scoresPerMessage);
  const most = Math.max(1, Math.floor(scoresPerMessage / columns));
  const rows = rowsPerBlock === 0 ? most : Math.min(rowsPerBlock, most);
  for (let firstQuery = 0; firstQuery < queries; firstQuery += rows)
    for (let firstReference = 0; firstReference < references; firstReference += columns)
      yield {
        firstQuery,
        queryCount: Math.min(rows, queries - firstQuery),
        firstReference,
        referenceCount: Math.min(columns, references - firstReference),
      };
}

/** Rows `start … start + count - 1` of a block that begins at its first row, not copied. */
export const rowsOf = (rows: SpacedBlock, start: number, count: number): SpacedBlock => ({
  ...rows,
  block: { ...rows.block, start, count },
});

/** Refuses two blocks that the metric must not compare; fields begin with `queries` or `references`. */
export function checkBlocks(metric: MetricTraits, queries: SpacedBlock, references: SpacedBlock): void {
  try {
    checkComparable(metric, firstRow(queries), firstRow(references));
  } catch (thrown) {
    const { code, message, field = 'references', reason = 'BAD_BLOCK' } = AffinisError.from(thrown);
    throw new AffinisError(code, message, {
      field: field.replace('left', 'queries').replace('right', 'references'),
      reason,
    });
  }
}

function firstRow({ block, space, varianceId }: SpacedBlock): Embedding {
  const { variances, varianceKind, means, dimension, unitNorm } = block;
  return {
    mean: means.subarray(0, dimension),
    unitNorm,
    space,
    ...(varianceKind === 'none' || !variances ? {} : { variance: { kind: varianceKind, values: variances } }),
    ...(varianceId === undefined ? {} : { varianceId }),
  };
}

/** As they travel, float32. Throws `invalid-argument` where one is not finite. */
export function finiteScores(scores: Float64Array, metric: string): Float32Array {
  const out = new Float32Array(scores.length);
  for (const [index, score] of scores.entries()) {
    if (!Number.isFinite(score))
      throw new AffinisError(
        'invalid-argument',
        `[contracts] metric "${metric}" gives no finite score for these values; check their scale`,
        { reason: 'NON_FINITE_SCORE' },
      );
    out[index] = score;
  }
  return out;
}
