import type { Embedding } from './embedding.ts';
import { AffinisError } from './errors.ts';

/** A mean this short beside the vectors it was made of is rounding noise. */
const cancelled = 1e-6;

/**
 * Mean of several embeddings of one space, scaled back to norm 1 in unit-norm spaces. A variance of the mean of n
 * independent samples, `Σv/n²`, is scaled with it; it is kept where every sample has one of the same kind.
 */
export function fuseMean(embeddings: readonly Embedding[]): Embedding {
  const [first] = embeddings;
  if (!first)
    throw new AffinisError('invalid-argument', '[core] a side needs at least one sample', { field: 'samples' });
  if (embeddings.length === 1) return first;
  checkOneSpace(embeddings, first);

  const vectors = embeddings.map((embedding) => embedding.mean);
  const sum = sumOf(vectors);
  const length = norm(sum);
  if (!(length > cancelled * vectors.reduce((total, vector) => total + norm(vector), 0)))
    throw new AffinisError(
      'invalid-argument',
      '[core] the samples of one side cancel out; send samples of one identity',
      {
        field: 'samples',
        reason: 'NO_DIRECTION',
      },
    );
  const scale = 1 / (first.unitNorm ? length : embeddings.length);

  const { variance, varianceId, unitNorm, space } = first;
  const fused = { mean: Float32Array.from(sum, (value) => value * scale), unitNorm, space };
  const variances = embeddings.flatMap((other) =>
    other.variance && other.variance.kind === variance?.kind && other.varianceId === varianceId
      ? [other.variance.values]
      : [],
  );
  if (!variance || variances.length < embeddings.length) return fused;
  return {
    ...fused,
    variance: { kind: variance.kind, values: Float32Array.from(sumOf(variances), (value) => value * scale * scale) },
    ...(varianceId === undefined ? {} : { varianceId }),
  };
}

function checkOneSpace(embeddings: readonly Embedding[], first: Embedding): void {
  for (const [index, { space, mean }] of embeddings.entries())
    if (space !== first.space || mean.length !== first.mean.length)
      throw new AffinisError(
        'failed-precondition',
        '[core] the samples of one side come from two spaces and cannot be fused; embed them with one model',
        { field: `samples[${index}]`, reason: 'TWO_SPACES' },
      );
}

function sumOf(vectors: readonly Float32Array[]): Float64Array {
  const sum = new Float64Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) for (let d = 0; d < sum.length; d++) sum[d] = (sum[d] ?? 0) + (vector[d] ?? 0);
  return sum;
}

function norm(values: Float32Array | Float64Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}
