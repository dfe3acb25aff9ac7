import type { Embedding } from './embedding.ts';
import { AffinisError } from './errors.ts';

/**
 * Mean of several embeddings of one space, scaled back to norm 1 in unit-norm spaces. A variance of the mean of n
 * independent samples, `Σv/n²`, is scaled with it; it is kept where every sample has one of the same kind.
 */
export function fuseMean(embeddings: readonly Embedding[]): Embedding {
  const [first] = embeddings;
  if (!first) throw new AffinisError('invalid-argument', '[core] a side needs at least one sample', { field: 'samples' });
  if (embeddings.length === 1) return first;
  for (const [index, { space, mean }] of embeddings.entries())
    if (space !== first.space || mean.length !== first.mean.length)
      throw new AffinisError('failed-precondition', '[core] samples of one side come from two spaces and cannot be fused', { field: `samples[${index}]`, reason: 'TWO_SPACES' });

  const mean = average(embeddings.map((embedding) => embedding.mean), embeddings.length);
  const scale = first.unitNorm ? 1 / norm(mean) : 1;
  if (!Number.isFinite(scale))
    throw new AffinisError('invalid-argument', '[core] the samples of one side cancel out; their mean has no direction', { field: 'samples' });
  const variances = embeddings.flatMap(({ variance, varianceId }) =>
    variance && variance.kind === first.variance?.kind && varianceId === first.varianceId ? [variance.values] : [],
  );
  const { variance: _, varianceId, ...rest } = first;
  if (!first.variance || variances.length < embeddings.length) return { ...rest, mean: mean.map((value) => value * scale) };
  const values = average(variances, embeddings.length ** 2).map((value) => value * scale * scale);
  return { ...rest, mean: mean.map((value) => value * scale), variance: { kind: first.variance.kind, values }, ...(varianceId === undefined ? {} : { varianceId }) };
}

/** Element-wise sum divided by `divisor`. */
function average(vectors: readonly Float32Array[], divisor: number): Float32Array {
  const sum = new Float64Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) for (let d = 0; d < sum.length; d++) sum[d] = (sum[d] ?? 0) + (vector[d] ?? 0);
  return Float32Array.from(sum, (value) => value / divisor);
}

const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
