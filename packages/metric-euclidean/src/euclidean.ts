import { AffinisError, defineMetric, type EmbeddingBlock, type Metric } from '@affinis/core';
import { z } from 'zod';

const parameters = z.strictObject({
  squared: z.boolean().default(false).describe('Leave out the square root; ranks alike'),
  normalise: z.boolean().default(false).describe('Scale both means to norm 1 first, where they are not'),
});

export type EuclideanParameters = z.infer<typeof parameters>;

export const euclidean = defineMetric({
  id: 'euclidean',
  description: 'Euclidean (L2) distance between two means; ignores the variance',
  unit: 'L2 distance, >= 0 (squared where so configured)',
  parameters,
  create: createEuclidean,
});

/** `|a - b|`, or its square; of `a/|a|` and `b/|b|` where `normalise` is set. */
export function createEuclidean({ squared, normalise }: EuclideanParameters): Metric {
  return {
    id: 'euclidean',
    polarity: 'distance',
    needsVariance: false,
    scan: normalise ? { kind: 'cosine' } : { kind: 'euclidean' },

    scoreBlock(queries, references, scores) {
      checkDimensions(queries, references);
      for (let q = 0; q < queries.count; q++) {
        const queryScale = normalise ? inverseNorm(queries, q) : 1;
        for (let r = 0; r < references.count; r++) {
          const referenceScale = normalise ? inverseNorm(references, r) : 1;
          const squares = squaredDistance(queries, q, queryScale, references, r, referenceScale);
          scores[q * references.count + r] = squared ? squares : Math.sqrt(squares);
        }
      }
    },
  };
}

/** Sums squared differences; `2 - 2 a·b` would be cheaper for unit norms but loses all digits of a small distance. */
function squaredDistance(
  queries: EmbeddingBlock,
  q: number,
  queryScale: number,
  references: EmbeddingBlock,
  r: number,
  referenceScale: number,
): number {
  const { dimension } = queries;
  const a = (queries.start + q) * dimension;
  const b = (references.start + r) * dimension;
  let sum = 0;
  for (let d = 0; d < dimension; d++) {
    const difference =
      (queries.means[a + d] as number) * queryScale - (references.means[b + d] as number) * referenceScale;
    sum += difference * difference;
  }
  return sum;
}

function inverseNorm(block: EmbeddingBlock, row: number): number {
  if (block.unitNorm) return 1;
  const offset = (block.start + row) * block.dimension;
  let squares = 0;
  for (let d = 0; d < block.dimension; d++) squares += (block.means[offset + d] as number) ** 2;
  return 1 / Math.sqrt(squares);
}

function checkDimensions(queries: EmbeddingBlock, references: EmbeddingBlock): void {
  if (queries.dimension === references.dimension) return;
  throw new AffinisError(
    'failed-precondition',
    `[metric-euclidean] embeddings of ${queries.dimension} and ${references.dimension} dimensions cannot be compared; embed both with one model`,
    { reason: 'DIMENSION_MISMATCH' },
  );
}
