import { AffinisError } from './errors.ts';
import type { EmbeddingBlock, Metric } from './metric.ts';

/** `matrix · (x - origin)` in float64: what a learned metric does to both sides before it compares them. */
export interface LinearMap {
  /** D */
  readonly dimension: number;
  /** P */
  readonly outputs: number;
  /** float64[P, D], row-major; `diagonal` holds float64[D] instead, and P is D. */
  readonly matrix: Float64Array;
  readonly kind: 'full' | 'diagonal';
  /** float64[D]; default zero. */
  readonly origin?: Float64Array;
}

/** Scores two rows of projected numbers, float64[P] from `a` and from `b` on. */
export type ScoreProjected = (left: Float64Array, a: number, right: Float64Array, b: number) => number;

/** Rows projected at once: scratch of 1 MiB a side at 512 dimensions, and each row projected once per so many others. */
const tileRows = 256;

/**
 * A `scoreBlock` that projects each side and scores what comes out, tile by tile. `owner` begins its errors:
 * `failed-precondition` where embeddings are not of the map's dimension.
 */
export function projectedScores(map: LinearMap, score: ScoreProjected, owner: string): Metric['scoreBlock'] {
  const { outputs } = map;
  const left = new Float64Array(tileRows * outputs);
  const right = new Float64Array(tileRows * outputs);
  const centred = new Float64Array(map.dimension);
  return (queries, references, scores) => {
    checkDimension(map, queries, owner);
    checkDimension(map, references, owner);
    for (let q0 = 0; q0 < queries.count; q0 += tileRows) {
      const queryRows = Math.min(tileRows, queries.count - q0);
      project(map, queries, q0, queryRows, left, centred);
      for (let r0 = 0; r0 < references.count; r0 += tileRows) {
        const referenceRows = Math.min(tileRows, references.count - r0);
        project(map, references, r0, referenceRows, right, centred);
        for (let q = 0; q < queryRows; q++)
          for (let r = 0; r < referenceRows; r++)
            scores[(q0 + q) * references.count + r0 + r] = score(left, q * outputs, right, r * outputs);
      }
    }
  };
}

/** `centred`, float64[D], is scratch. */
function project(
  { dimension, outputs, matrix, origin, kind }: LinearMap,
  block: EmbeddingBlock,
  first: number,
  rows: number,
  out: Float64Array,
  centred: Float64Array,
): void {
  for (let row = 0; row < rows; row++) {
    const from = (block.start + first + row) * dimension;
    for (let d = 0; d < dimension; d++)
      centred[d] = (block.means[from + d] as number) - (origin ? (origin[d] as number) : 0);
    for (let p = 0; p < outputs; p++)
      out[row * outputs + p] =
        kind === 'diagonal' ? (matrix[p] as number) * (centred[p] as number) : dot(matrix, p * dimension, centred);
  }
}

function dot(matrix: Float64Array, from: number, values: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < values.length; d++) sum += (matrix[from + d] as number) * (values[d] as number);
  return sum;
}

function checkDimension({ dimension }: LinearMap, block: EmbeddingBlock, owner: string): void {
  if (block.dimension === dimension) return;
  throw new AffinisError(
    'failed-precondition',
    `[${owner}] was learned for embeddings of ${dimension} dimensions and these have ${block.dimension}; use it with the embedder that it was learned from, or learn it for this one`,
    { reason: 'DIMENSION_MISMATCH' },
  );
}
