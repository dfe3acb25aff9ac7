import type { Embedding } from './embedding.ts';
import { AffinisError } from './errors.ts';
import type { AnyMetric, EmbeddingBlock, Metric, MetricTraits } from './metric.ts';

/**
 * Packs embeddings of one space and one kind of variance into a block; throws where they differ. `withVariance: false`
 * leaves variances out, for metrics that use none. A single embedding is not copied.
 */
export function packBlock(embeddings: readonly Embedding[], { withVariance = true } = {}): EmbeddingBlock {
  const [first] = embeddings;
  if (!first) throw new AffinisError('invalid-argument', '[core] a block needs at least one embedding');
  for (const [row, embedding] of embeddings.entries()) checkRow(embedding, first, row, withVariance);
  const variance = withVariance ? first.variance : undefined;
  return {
    dimension: first.mean.length,
    means: concatenate(embeddings.map(({ mean }) => mean)),
    ...(variance ? { variances: concatenate(embeddings.flatMap((each) => each.variance?.values ?? [])) } : {}),
    varianceKind: variance?.kind ?? 'none',
    unitNorm: embeddings.every(({ unitNorm }) => unitNorm),
    start: 0,
    count: embeddings.length,
  };
}

function concatenate(rows: readonly Float32Array[]): Float32Array {
  const [first] = rows;
  if (!first || rows.length === 1) return first ?? new Float32Array(0);
  const all = new Float32Array(rows.length * first.length);
  for (const [row, values] of rows.entries()) all.set(values, row * first.length);
  return all;
}

function checkRow(embedding: Embedding, first: Embedding, row: number, withVariance: boolean): void {
  const refuse = (problem: string, field: string, reason: string) => {
    const message = `[core] embedding ${row} of a block ${problem}; pack them into separate blocks`;
    throw new AffinisError('failed-precondition', message, { field: `[${row}].${field}`, reason });
  };
  if (embedding.space !== first.space) refuse('is of another space than the first', 'space', 'TWO_SPACES');
  if (embedding.mean.length !== first.mean.length)
    refuse('has another dimension than the first', 'mean', 'BAD_EMBEDDING');
  if (!withVariance) return;
  if (embedding.variance?.kind !== first.variance?.kind || embedding.varianceId !== first.varianceId)
    refuse('has another kind of variance than the first', 'variance', 'TWO_VARIANCES');
}

/** Refuses two embeddings that the metric must not compare. One side's variance may be scalar, the other's diagonal. */
export function checkComparable(metric: MetricTraits, left: Embedding, right: Embedding): void {
  const refuse = (problem: string, reason: string, field: string) => {
    throw new AffinisError('failed-precondition', `[core] ${problem}`, { field, reason });
  };
  if (left.space !== right.space)
    refuse(
      `embeddings of two spaces are never compared (${left.space} and ${right.space}); embed both with one model`,
      'TWO_SPACES',
      'right.space',
    );
  if (left.mean.length !== right.mean.length)
    throw new AffinisError(
      'invalid-argument',
      `[core] ${right.mean.length} dimensions on the right where the left has ${left.mean.length}`,
      { field: 'right.mean', reason: 'BAD_EMBEDDING' },
    );
  if (!metric.needsVariance) return;
  for (const [side, embedding] of [
    ['left', left],
    ['right', right],
  ] as const)
    if (!embedding.variance)
      refuse(
        `metric "${metric.id}" needs a variance and this embedding has none; use an embedder with uncertainty, or a metric such as cosine`,
        'NO_VARIANCE',
        `${side}.variance`,
      );
  if (left.varianceId !== right.varianceId)
    refuse(
      'the two variances come from different heads or calibrations; embed both with one of them',
      'TWO_VARIANCES',
      'right.variance_id',
    );
}

/** One pair's score. The caller has checked both embeddings and that they are comparable. */
export function scorePair(metric: Metric, left: Embedding, right: Embedding): number {
  const withVariance = { withVariance: metric.needsVariance };
  const score = new Float64Array(1);
  metric.scoreBlock(packBlock([left], withVariance), packBlock([right], withVariance), score);
  return finiteScore(metric, score[0]);
}

/** The same, also of a metric in another process. */
export async function scorePairOf(
  metric: AnyMetric,
  left: Embedding,
  right: Embedding,
  signal?: AbortSignal,
): Promise<number> {
  if (!metric.remote) return scorePair(metric, left, right);
  const result = await metric.remote.scorePair(left, right, signal);
  if (!result.ok) throw result.error;
  return finiteScore(metric, result.value);
}

function finiteScore({ id }: MetricTraits, value: number | undefined): number {
  if (value !== undefined && Number.isFinite(value)) return value;
  throw new AffinisError(
    'invalid-argument',
    `[core] metric "${id}" gives no finite score for these values; check their scale`,
    { reason: 'NON_FINITE_SCORE' },
  );
}
