import { defineMetric, type EmbeddingBlock, type Metric, type Population } from '@affinis/core';
import { z } from 'zod';
import { checkedVariances, unfit } from './variances.ts';

export const mlsLlr = defineMetric({
  id: 'mls-llr',
  description:
    'Log-likelihood ratio of one identity against two, of Gaussians under a population prior (two-covariance PLDA with diagonal covariances; Brümmer and de Villiers, The speaker partitioning problem, Odyssey 2010)',
  unit: 'nats; above 0 speaks for one identity',
  parameters: z.strictObject({}),
  create: (_, population) => createMlsLlr(population),
});

/**
 * MLS less what each side says of the population `N(m, diag(b))` by itself:
 *
 *     ln N(mu1, mu2 | one identity) - ln N(mu1) - ln N(mu2)
 *
 * With `x = mu1 - m`, `y = mu2 - m`, `p = b + v1`, `q = b + v2`, `det = pq - b² = b(v1 + v2) + v1 v2`, a dimension adds
 *
 *     b/(2 det) · [ x² v1/p + y² v2/q - (mu1 - mu2)² ] + 1/2 ln(pq / det)
 *
 * It tends to MLS less a constant as the prior flattens, and to 0 where a side's variance grows: what is not known is
 * no evidence. Each side's variance is diagonal or scalar.
 */
export function createMlsLlr(population?: Population): Metric {
  return {
    id: 'mls-llr',
    polarity: 'similarity',
    needsVariance: true,
    ...(population ? { scan: { kind: 'mls-llr', mean: population.mean, between: population.between } } : {}),
    scoreBlock(queries, references, scores) {
      const { dimension } = queries;
      const queryVariances = checkedVariances(queries, dimension);
      const referenceVariances = checkedVariances(references, dimension);
      const known = checkedPopulation(population, dimension);
      for (let q = 0; q < queries.count; q++)
        for (let r = 0; r < references.count; r++)
          scores[q * references.count + r] = ratio(
            known,
            queries,
            queryVariances,
            queries.start + q,
            references,
            referenceVariances,
            references.start + r,
          );
    },
  };
}

/**
 * As few logarithms as float64 allows, mostly one a pair: a ratio `pq / det` is at least 1 and, of float32 values, at
 * most 1e84, so that one more always fits above this.
 */
const flushAbove = 1e200;

function ratio(
  { mean, between }: Population,
  queries: EmbeddingBlock,
  queryVariances: Float32Array,
  q: number,
  references: EmbeddingBlock,
  referenceVariances: Float32Array,
  r: number,
): number {
  const { dimension, means: left } = queries;
  const { means: right } = references;
  const strideA = queries.varianceKind === 'scalar' ? 0 : 1;
  const strideB = references.varianceKind === 'scalar' ? 0 : 1;
  // A scalar variance is one value that every dimension reads again.
  const va = strideA === 0 ? q : q * dimension;
  const vb = strideB === 0 ? r : r * dimension;
  const a = q * dimension;
  const b = r * dimension;
  let evidence = 0;
  let logarithms = 0;
  let product = 1;
  for (let d = 0; d < dimension; d++) {
    const prior = between[d] as number;
    const v1 = queryVariances[va + d * strideA] as number;
    const v2 = referenceVariances[vb + d * strideB] as number;
    const x = (left[a + d] as number) - (mean[d] as number);
    const y = (right[b + d] as number) - (mean[d] as number);
    const p = prior + v1;
    const s = prior + v2;
    const det = prior * (v1 + v2) + v1 * v2;
    const difference = (left[a + d] as number) - (right[b + d] as number);
    evidence += (prior / det) * ((x * x * v1) / p + (y * y * v2) / s - difference * difference);
    product *= (p / det) * s;
    if (product > flushAbove) {
      logarithms += Math.log(product);
      product = 1;
    }
  }
  return 0.5 * (evidence + logarithms + Math.log(product));
}

function checkedPopulation(population: Population | undefined, dimension: number): Population {
  if (!population)
    throw unfit(
      'mls-llr compares with a population and this model has none; fit one with "affinis fit", or use mls',
      'NO_POPULATION',
    );
  if (population.mean.length !== dimension)
    throw unfit(
      `the population has ${population.mean.length} dimensions and the embeddings ${dimension}; fit one to this model`,
      'DIMENSION_MISMATCH',
    );
  return population;
}
