import type { Metric } from '../metric.ts';

export interface PairMetricOptions {
  readonly id: string;
  /** `similarity`: higher is more alike. `distance`: lower is more alike. */
  readonly polarity: Metric['polarity'];
  /** Default false. */
  readonly needsVariance?: boolean;
  /** The score of two embeddings of one dimension. The views are reused: nothing of them may be kept. */
  score(left: Row, right: Row): number;
}

export interface Row {
  /** float32[D] */
  readonly mean: Float32Array;
  /** float32[D], or float32[1] for one number for all dimensions; empty where `needsVariance` is false. */
  readonly variance: Float32Array;
}

/** A metric from a function of two embeddings. Blocks cost one call a pair: a hot metric writes `scoreBlock` itself. */
export function createPairMetric({ id, polarity, needsVariance = false, score }: PairMetricOptions): Metric {
  return {
    id,
    polarity,
    needsVariance,
    scoreBlock(queries, references, scores) {
      const columns = rowsOf(references);
      rowsOf(queries).forEach((query, q) => {
        columns.forEach((reference, r) => {
          scores[q * references.count + r] = score(query, reference);
        });
      });
    },
  };
}

function rowsOf({
  dimension,
  means,
  variances,
  varianceKind,
  start,
  count,
}: Parameters<Metric['scoreBlock']>[0]): Row[] {
  const perRow = varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : dimension;
  return Array.from({ length: count }, (_, at) => ({
    mean: means.subarray((start + at) * dimension, (start + at + 1) * dimension),
    variance: (variances ?? new Float32Array()).subarray((start + at) * perRow, (start + at + 1) * perRow),
  }));
}
