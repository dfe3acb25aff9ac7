import { AffinisError, defineMetric, type Metric } from '@affinis/core';
import { z } from 'zod';

const parameters = z.strictObject({
  metrics: z
    .array(
      z.strictObject({
        metric: z.string().describe('Name under "metrics", or id'),
        weight: z.number().positive().describe('Of its scores; distances count against'),
      }),
    )
    .min(2)
    .refine((parts) => new Set(parts.map(({ metric }) => metric)).size === parts.length, 'names a metric twice')
    .describe('What is summed'),
  bias: z.number().default(0).describe('Added to the sum'),
});

export const scoreFusion = defineMetric({
  id: 'score-fusion',
  description: 'Weighted sum of several metrics’ scores of one pair, distances negative',
  unit: 'that of the weighted scores',
  parameters,
  wraps: ({ metrics }) => metrics.map(({ metric }) => metric),
  create({ metrics, bias }, _, context) {
    if (!context)
      throw new AffinisError('internal', '[metric-combinators] score-fusion needs the metrics that it wraps');
    return createScoreFusion(
      metrics.map(({ metric, weight }) => ({ metric: context.metric(metric), weight })),
      bias,
    );
  },
});

/** `bias + Σ_i ± weight_i s_i`, minus for distances: a similarity. */
export function createScoreFusion(
  parts: readonly { readonly metric: Metric; readonly weight: number }[],
  bias = 0,
): Metric {
  const spaces = [...new Set(parts.flatMap(({ metric: { space } }) => space ?? []))];
  if (spaces.length > 1)
    throw new AffinisError(
      'invalid-argument',
      `[metric-combinators] score-fusion sums metrics learned in different spaces (${spaces.join(', ')}); learn them with one embedder`,
      { field: 'metrics', reason: 'TWO_SPACES' },
    );
  const [space] = spaces;
  let scratch = new Float64Array(0);
  return {
    id: 'score-fusion',
    polarity: 'similarity',
    needsVariance: parts.some(({ metric }) => metric.needsVariance),
    ...(space === undefined ? {} : { space }),
    scoreBlock(queries, references, scores) {
      const count = queries.count * references.count;
      if (scratch.length < count) scratch = new Float64Array(count);
      for (const [index, { metric, weight }] of parts.entries()) {
        metric.scoreBlock(queries, references, scratch);
        const signed = metric.polarity === 'similarity' ? weight : -weight;
        for (let at = 0; at < count; at++)
          scores[at] = (index === 0 ? bias : (scores[at] as number)) + signed * (scratch[at] as number);
      }
    },
  };
}
