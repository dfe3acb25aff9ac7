import { AffinisError } from '../errors.ts';
import type { EmbeddingBlock, Metric } from '../metric.ts';

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
      checkPair(id, needsVariance, queries, references);
      const columns = rowsOf(references);
      rowsOf(queries).forEach((query, q) => {
        columns.forEach((reference, r) => {
          scores[q * references.count + r] = score(query, reference);
        });
      });
    },
  };
}

function checkPair(id: string, needsVariance: boolean, queries: EmbeddingBlock, references: EmbeddingBlock): void {
  if (queries.dimension !== references.dimension)
    throw new AffinisError(
      'failed-precondition',
      `[metric] ${id}: embeddings of ${queries.dimension} and ${references.dimension} dimensions cannot be compared; embed both with one model`,
      { reason: 'DIMENSION_MISMATCH' },
    );
  if (needsVariance && (queries.varianceKind === 'none' || references.varianceKind === 'none'))
    throw new AffinisError(
      'failed-precondition',
      `[metric] ${id} needs a variance on both sides; embed with a model that gives one`,
      { reason: 'NO_VARIANCE' },
    );
}

function rowsOf({ dimension, means, variances, varianceKind, start, count }: EmbeddingBlock): Row[] {
  const perRow = varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : dimension;
  return Array.from({ length: count }, (_, at) => ({
    mean: means.subarray((start + at) * dimension, (start + at + 1) * dimension),
    variance: (variances ?? new Float32Array()).subarray((start + at) * perRow, (start + at + 1) * perRow),
  }));
}
