import type { Embedding } from './embedding.ts';
import { AffinisError } from './errors.ts';

/** The variances of several samples, scalar where all of them are. */
export interface Variances {
  readonly kind: 'scalar' | 'diagonal';
  /** 1 or the embedding's dimension. */
  readonly size: number;
  /** Every sample's variance of one dimension. */
  at(dimension: number): number[];
}

/** The samples' variances where all are of one kind and one head and calibration. */
export function sharedVariances(embeddings: readonly Embedding[]): Variances | undefined {
  const [first] = embeddings;
  const shared = embeddings.every(
    ({ variance, varianceId }) =>
      variance && variance.kind === first?.variance?.kind && varianceId === first.varianceId,
  );
  return shared ? variancesOf(embeddings) : undefined;
}

/** Throws `failed-precondition` where a sample has no variance, or one of another head or calibration. */
export function requireVariances(embeddings: readonly Embedding[], fusion: string): Variances {
  const refuse = (index: number, problem: string, reason: string) => {
    const field = `samples[${index}].variance`;
    throw new AffinisError('failed-precondition', `[core] ${field} ${problem}`, { field, reason });
  };
  for (const [index, { variance, varianceId }] of embeddings.entries()) {
    if (!variance)
      refuse(
        index,
        `is missing and fusion "${fusion}" weighs by it; use an embedder with uncertainty, or fusion mean`,
        'NO_VARIANCE',
      );
    if (varianceId !== embeddings[0]?.varianceId)
      refuse(
        index,
        'comes from another head or calibration than the first; embed all samples with one',
        'TWO_VARIANCES',
      );
  }
  return variancesOf(embeddings);
}

function variancesOf(embeddings: readonly Embedding[]): Variances {
  const values = embeddings.map(({ variance }) => variance?.values ?? new Float32Array());
  const scalar = embeddings.every(({ variance }) => variance?.kind === 'scalar');
  return {
    kind: scalar ? 'scalar' : 'diagonal',
    size: scalar ? 1 : (embeddings[0]?.mean.length ?? 0),
    at: (dimension) => values.map((each) => each[each.length === 1 ? 0 : dimension] ?? Number.NaN),
  };
}
