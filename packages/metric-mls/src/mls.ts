import { defineMetric, type EmbeddingBlock, type Metric } from '@affinis/core';
import { z } from 'zod';
import { checkedVariances } from './variances.ts';

export const mls = defineMetric({
  id: 'mls',
  description:
    'Mutual likelihood score of two Gaussians (Shi and Jain, Probabilistic Face Embeddings, ICCV 2019, eq. 3)',
  unit: 'nats, unbounded',
  parameters: z.strictObject({}),
  create: createMls,
});

/**
 * Log-likelihood that two Gaussian embeddings share one latent point. With `s_d = v1_d + v2_d`:
 *
 *     -1/2 Σ_d [ (mu1_d - mu2_d)² / s_d + ln s_d ] - D/2 ln 2π
 *
 * the paper's value, with the ½ and the constant that its authors' code drops. Each side's variance is diagonal or
 * scalar; the two may differ in kind.
 */
export function createMls(): Metric {
  return { id: 'mls', polarity: 'similarity', needsVariance: true, scan: { kind: 'mls' }, scoreBlock };
}

function scoreBlock(queries: EmbeddingBlock, references: EmbeddingBlock, scores: Float64Array): void {
  const { dimension } = queries;
  const queryVariances = checkedVariances(queries, dimension);
  const referenceVariances = checkedVariances(references, dimension);
  const constant = (dimension / 2) * Math.log(2 * Math.PI);
  const bothScalar = queries.varianceKind === 'scalar' && references.varianceKind === 'scalar';
  const term = bothScalar ? scalarTerm : diagonalTerm;
  for (let q = 0; q < queries.count; q++)
    for (let r = 0; r < references.count; r++)
      scores[q * references.count + r] =
        -0.5 * term(queries, queryVariances, queries.start + q, references, referenceVariances, references.start + r) -
        constant;
}

/** `Σ_d (mu1_d - mu2_d)² / s + D ln s` for one `s`. */
function scalarTerm(
  queries: EmbeddingBlock,
  queryVariances: Float32Array,
  q: number,
  references: EmbeddingBlock,
  referenceVariances: Float32Array,
  r: number,
): number {
  const { dimension } = queries;
  const a = q * dimension;
  const b = r * dimension;
  const s = (queryVariances[q] as number) + (referenceVariances[r] as number);
  let squares = 0;
  for (let d = 0; d < dimension; d++)
    squares += ((queries.means[a + d] as number) - (references.means[b + d] as number)) ** 2;
  return squares / s + dimension * Math.log(s);
}

/**
 * `Σ_d [ (mu1_d - mu2_d)² / s_d + ln s_d ]`, four dimensions a division and a logarithm: fractions are added over
 * their common denominator, which is the product whose logarithm is wanted. Every term is positive, so nothing
 * cancels, and four float32 variances stay far inside float64's range (1e-180 … 1e156).
 */
function diagonalTerm(
  queries: EmbeddingBlock,
  queryVariances: Float32Array,
  q: number,
  references: EmbeddingBlock,
  referenceVariances: Float32Array,
  r: number,
): number {
  const { dimension, means: left } = queries;
  const { means: right } = references;
  const a = q * dimension;
  const b = r * dimension;
  // A scalar variance is one value that every dimension reads again.
  const va = queries.varianceKind === 'scalar' ? q : a;
  const vb = references.varianceKind === 'scalar' ? r : b;
  const strideA = queries.varianceKind === 'scalar' ? 0 : 1;
  const strideB = references.varianceKind === 'scalar' ? 0 : 1;
  let quadratic = 0;
  let logarithms = 0;
  let d = 0;
  for (; d + 4 <= dimension; d += 4) {
    const n0 = ((left[a + d] as number) - (right[b + d] as number)) ** 2;
    const n1 = ((left[a + d + 1] as number) - (right[b + d + 1] as number)) ** 2;
    const n2 = ((left[a + d + 2] as number) - (right[b + d + 2] as number)) ** 2;
    const n3 = ((left[a + d + 3] as number) - (right[b + d + 3] as number)) ** 2;
    const s0 = (queryVariances[va + d * strideA] as number) + (referenceVariances[vb + d * strideB] as number);
    const s1 =
      (queryVariances[va + (d + 1) * strideA] as number) + (referenceVariances[vb + (d + 1) * strideB] as number);
    const s2 =
      (queryVariances[va + (d + 2) * strideA] as number) + (referenceVariances[vb + (d + 2) * strideB] as number);
    const s3 =
      (queryVariances[va + (d + 3) * strideA] as number) + (referenceVariances[vb + (d + 3) * strideB] as number);
    const s01 = s0 * s1;
    const s23 = s2 * s3;
    const product = s01 * s23;
    quadratic += ((n0 * s1 + n1 * s0) * s23 + (n2 * s3 + n3 * s2) * s01) / product;
    logarithms += Math.log(product);
  }
  for (; d < dimension; d++) {
    const s = (queryVariances[va + d * strideA] as number) + (referenceVariances[vb + d * strideB] as number);
    quadratic += ((left[a + d] as number) - (right[b + d] as number)) ** 2 / s;
    logarithms += Math.log(s);
  }
  return quadratic + logarithms;
}
