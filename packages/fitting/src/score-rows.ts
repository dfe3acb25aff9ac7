import type { EmbeddingBlock, Metric } from '@affinis/core';
import type { FittingData } from './fitting-data.ts';
import type { RowPairs } from './pairs.ts';

/** Score of each pair of rows, higher being more alike. `variances`: float32[K * N, D], where the metric needs them. */
export function scoreRows(
  metric: Metric,
  { dimension, embeddings }: FittingData,
  { leftRow, rightRow }: Pick<RowPairs, 'leftRow' | 'rightRow'>,
  variances?: Float32Array,
): Float64Array {
  const block = (): EmbeddingBlock => ({
    dimension,
    means: embeddings,
    ...(variances && metric.needsVariance ? { variances, varianceKind: 'diagonal' } : { varianceKind: 'none' }),
    unitNorm: false,
    start: 0,
    count: 1,
  });
  const [left, right] = [block(), block()];
  const score = new Float64Array(1);
  const sign = metric.polarity === 'distance' ? -1 : 1;
  return Float64Array.from(leftRow, (row, pair) => {
    left.start = row;
    right.start = rightRow[pair] as number;
    metric.scoreBlock(left, right, score);
    return sign * (score[0] as number);
  });
}
