import type { EmbeddingBlock } from '../metric.ts';
import { createPairMetric } from './pair-metric.ts';

const block = (dimension: number): EmbeddingBlock => ({
  dimension,
  means: new Float32Array(dimension),
  varianceKind: 'none',
  unitNorm: false,
  start: 0,
  count: 1,
});
const score = (needsVariance: boolean, left: number, right: number) => () =>
  createPairMetric({ id: 'sum', polarity: 'distance', needsVariance, score: () => 1 }).scoreBlock(
    block(left),
    block(right),
    new Float64Array(1),
  );

describe('a metric of a function of two embeddings', () => {
  it('refuses two dimensions, and a variance that is missing', () => {
    expect(score(false, 2, 3)).toThrow('[metric] sum: embeddings of 2 and 3 dimensions');
    expect(score(true, 2, 2)).toThrow('[metric] sum needs a variance on both sides');
    expect(score(false, 2, 2)).not.toThrow();
  });
});
