import { AffinisError, defineMetric, type EmbeddingBlock, type Metric } from '@affinis/core';
import { z } from 'zod';
import { readCohort } from './cohort.ts';

const parameters = z.strictObject({
  metric: z.string().describe('Name under "metrics", or id, of the metric whose scores are normalised'),
  cohort: z.string().describe('Strangers: JSON Lines of "affinis embed --json"; relative to the configuration'),
  top: z.int().min(2).default(200).describe('How many of the cohort, those most alike each side, count'),
});

export const asNorm = defineMetric({
  id: 'as-norm',
  description:
    'Adaptive symmetric normalisation of another metric’s scores by a cohort (Matejka et al., Analysis of score normalization in multilingual speaker recognition, Interspeech 2017)',
  unit: 'standard deviations of strangers’ scores',
  parameters,
  files: ['cohort'],
  wraps: ({ metric }) => [metric],
  create({ metric, cohort, top }, _, context) {
    if (!context) throw new AffinisError('internal', '[metric-combinators] as-norm needs the metric that it wraps');
    return createAsNorm(context.metric(metric), readCohort(cohort), top);
  },
});

/** Cohort scores that are all alike tell nothing about scale. */
const smallestDeviation = 1e-6;

/**
 * `1/2 [ (s - μ(a))/σ(a) + (s - μ(b))/σ(b) ]`, μ and σ of a side's scores with those `top` of the cohort that are most
 * alike it (AS-norm1 of the paper). The polarity stays. `inner` must be symmetric. The statistics are made for every row
 * of a block again: 2 x cohort scores a pair by itself, next to nothing in a large block.
 */
export function createAsNorm(inner: Metric, cohort: EmbeddingBlock, top: number): Metric {
  const strangers = new Float64Array(cohort.count);
  const counted = Math.min(top, cohort.count);
  const statisticsOf = (block: EmbeddingBlock): Statistics[] => {
    const row = { ...block, count: 1 };
    return Array.from({ length: block.count }, (_, index) => {
      row.start = block.start + index;
      inner.scoreBlock(row, cohort, strangers);
      strangers.sort();
      return statistics(
        inner.polarity === 'similarity' ? strangers.subarray(-counted) : strangers.subarray(0, counted),
      );
    });
  };
  return {
    id: 'as-norm',
    polarity: inner.polarity,
    needsVariance: inner.needsVariance,
    ...(inner.space === undefined ? {} : { space: inner.space }),
    scoreBlock(queries, references, scores) {
      const [left, right] = [statisticsOf(queries), statisticsOf(references)];
      inner.scoreBlock(queries, references, scores);
      for (const [q, a] of left.entries())
        for (const [r, b] of right.entries()) {
          const at = q * references.count + r;
          const score = scores[at] as number;
          scores[at] = ((score - a.mean) / a.deviation + (score - b.mean) / b.deviation) / 2;
        }
    },
  };
}

interface Statistics {
  readonly mean: number;
  readonly deviation: number;
}

function statistics(scores: Float64Array): Statistics {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length;
  return { mean, deviation: Math.max(Math.sqrt(variance), smallestDeviation) };
}
