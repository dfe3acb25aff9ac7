import type { Embedding, Variance } from '../embedding.ts';
import { AffinisError } from '../errors.ts';
import type { StoredGallery } from './template-store.ts';

/**
 * An embedding of the gallery's space as the gallery keeps it: without variance where it keeps none, a scalar variance
 * spread over the dimensions where it keeps diagonal ones. Throws `failed-precondition` where it lacks the variance that
 * the gallery keeps, or has it from another head; fields are relative to the embedding (`variance`).
 */
export function conform(embedding: Embedding, gallery: StoredGallery): Embedding {
  const { mean } = embedding;
  const { space, unitNorm, varianceKind, varianceId } = gallery;
  if (varianceKind === 'none') return { mean, space, unitNorm };
  const { variance } = embedding;
  if (!variance)
    throw refused(
      `is missing and gallery "${gallery.name}" keeps variances; use an embedder with uncertainty, or create a gallery without`,
      'NO_VARIANCE',
    );
  if (embedding.varianceId !== varianceId)
    throw refused(
      `comes from another head or calibration than those of gallery "${gallery.name}"; embed with the gallery's, or move it with: affinis gallery migrate`,
      'TWO_VARIANCES',
    );
  return {
    mean,
    space,
    unitNorm,
    variance: sameKind(variance, varianceKind, mean.length),
    ...(varianceId === undefined ? {} : { varianceId }),
  };
}

function sameKind(variance: Variance, kind: Variance['kind'], dimension: number): Variance {
  if (variance.kind === kind) return variance;
  if (kind === 'scalar') throw refused('is diagonal and the gallery keeps scalar variances', 'TWO_VARIANCES');
  return { kind, values: new Float32Array(dimension).fill(variance.values[0] ?? Number.NaN) };
}

const refused = (problem: string, reason: string) =>
  new AffinisError('failed-precondition', `[core] variance ${problem}`, { field: 'variance', reason });
