import { AffinisError, defineMetric, type EmbeddingBlock, type Metric } from '@affinis/core';
import { z } from 'zod';

export const cosine = defineMetric({
  id: 'cosine',
  description: 'Cosine of the angle between two means; ignores the variance',
  unit: 'cosine, -1..1',
  parameters: z.strictObject({}),
  create: createCosine,
});

/** `a·b / (|a| |b|)` in -1..1. A block that is declared `unitNorm` is not normalised again. */
export function createCosine(): Metric {
  return { id: 'cosine', polarity: 'similarity', needsVariance: false, scan: { kind: 'cosine' }, scoreBlock };
}

function scoreBlock(queries: EmbeddingBlock, references: EmbeddingBlock, scores: Float64Array): void {
  checkDimensions(queries, references);
  const { dimension } = queries;
  for (let q = 0; q < queries.count; q++) {
    const a = (queries.start + q) * dimension;
    const querySquares = queries.unitNorm ? 1 : dot(queries.means, a, queries.means, a, dimension);
    for (let r = 0; r < references.count; r++) {
      const b = (references.start + r) * dimension;
      const referenceSquares = references.unitNorm ? 1 : dot(references.means, b, references.means, b, dimension);
      const product = dot(queries.means, a, references.means, b, dimension);
      // One root of the product, not a product of two roots: exactly 1 for equal vectors. Float32 squares cannot overflow it.
      const ratio = product / Math.sqrt(querySquares * referenceSquares);
      scores[q * references.count + r] = Math.max(-1, Math.min(1, ratio));
    }
  }
}

function dot(left: Float32Array, a: number, right: Float32Array, b: number, dimension: number): number {
  let sum = 0;
  for (let d = 0; d < dimension; d++) sum += (left[a + d] as number) * (right[b + d] as number);
  return sum;
}

function checkDimensions(queries: EmbeddingBlock, references: EmbeddingBlock): void {
  if (queries.dimension === references.dimension) return;
  throw new AffinisError(
    'failed-precondition',
    `[metric-cosine] embeddings of ${queries.dimension} and ${references.dimension} dimensions cannot be compared; embed both with one model`,
    { reason: 'DIMENSION_MISMATCH' },
  );
}
