import type { Embedding } from './embedding.ts';
import { AffinisError } from './errors.ts';
import type { EmbeddingBlock, Metric } from './metric.ts';

/** Packs embeddings of one space into a block. Throws where they cannot be compared with each other. */
export function packBlock(embeddings: readonly Embedding[]): EmbeddingBlock {
  const [first] = embeddings;
  if (!first) throw new AffinisError('invalid-argument', '[core] a block needs at least one embedding');
  const dimension = first.mean.length;
  const variancesPerRow = first.variance?.values.length ?? 0;
  const means = new Float32Array(embeddings.length * dimension);
  const variances = new Float32Array(embeddings.length * variancesPerRow);
  for (const [row, embedding] of embeddings.entries()) {
    means.set(embedding.mean, row * dimension);
    if (variancesPerRow) variances.set(embedding.variance?.values ?? [], row * variancesPerRow);
  }
  return {
    dimension,
    means,
    ...(variancesPerRow ? { variances } : {}),
    varianceKind: first.variance?.kind ?? 'none',
    unitNorm: first.unitNorm,
    start: 0,
    count: embeddings.length,
  };
}

/** Refuses two embeddings that the metric must not compare. */
export function checkComparable(metric: Metric, left: Embedding, right: Embedding): void {
  const refuse = (problem: string, reason: string, field: string) => {
    throw new AffinisError('failed-precondition', `[core] ${problem}`, { field, reason });
  };
  if (left.space !== right.space)
    refuse(`embeddings of two spaces are never compared (${left.space} and ${right.space}); embed both with one model`, 'TWO_SPACES', 'right.space');
  if (left.mean.length !== right.mean.length)
    throw new AffinisError('invalid-argument', `[core] ${right.mean.length} dimensions on the right where the left has ${left.mean.length}`, { field: 'right.mean', reason: 'BAD_EMBEDDING' });
  if (!metric.needsVariance) return;
  for (const [side, embedding] of [['left', left], ['right', right]] as const)
    if (!embedding.variance)
      refuse(`metric "${metric.id}" needs a variance and this embedding has none; use an embedder with uncertainty, or a metric such as cosine`, 'NO_VARIANCE', `${side}.variance`);
  if (left.varianceId !== right.varianceId)
    refuse('the two variances come from different heads or calibrations; embed both with one of them', 'TWO_VARIANCES', 'right.variance_id');
}

/** One pair's score. The caller has checked both embeddings and that they are comparable. */
export function scorePair(metric: Metric, left: Embedding, right: Embedding): number {
  const score = new Float64Array(1);
  metric.scoreBlock(packBlock([left]), packBlock([right]), score);
  const [value = Number.NaN] = score;
  if (!Number.isFinite(value))
    throw new AffinisError('invalid-argument', `[core] metric "${metric.id}" gives no finite score for these values; check their scale`, { reason: 'NON_FINITE_SCORE' });
  return value;
}
