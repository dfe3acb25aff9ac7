import { AffinisError } from './errors.ts';

/** Per-dimension (`values` of length D) or one number a sample (`values` of length 1); every value > 0. */
export interface Variance {
  readonly kind: 'scalar' | 'diagonal';
  readonly values: Float32Array;
}

/** A point, or a diagonal Gaussian where `variance` is given, in one vector space. */
export interface Embedding {
  /** float32[D], finite; Euclidean norm 1 where `unitNorm`. */
  readonly mean: Float32Array;
  readonly variance?: Variance;
  readonly unitNorm: boolean;
  /** Identity of the vector space: what determines the mean. Embeddings of two spaces are never compared. */
  readonly space: string;
  /** What determines the variance (head and its calibration); metrics that use it compare this too. */
  readonly varianceId?: string;
}

const unitNormTolerance = 1e-3;

/** Refuses what no metric may see: empty, NaN, Inf or zero means, variances that are not positive, a wrong length. */
export function checkEmbedding(embedding: Embedding, field = 'embedding'): void {
  const { mean, variance } = embedding;
  if (mean.length === 0) throw invalid('has no values', `${field}.mean`);
  const squares = sumOfSquares(mean);
  if (!Number.isFinite(squares)) throw invalid('holds NaN or infinity', `${field}.mean`);
  if (squares === 0) throw invalid('is the zero vector, which has no direction', `${field}.mean`);
  if (embedding.unitNorm && Math.abs(Math.sqrt(squares) - 1) > unitNormTolerance)
    throw invalid(
      'is of norm 1 by its unit_norm flag or its space, and it is not; send the values as they were received',
      `${field}.mean`,
    );
  if (embedding.space === '') throw invalid('is empty; send the space that came with the embedding', `${field}.space`);
  if (variance) checkVariance(variance, mean.length, `${field}.variance`);
}

/** By index, which costs a fifth of an iterator: every embedding of every call passes here. */
function sumOfSquares(values: Float32Array): number {
  let squares = 0;
  for (let at = 0; at < values.length; at++) squares += (values[at] as number) ** 2;
  return squares;
}

function checkVariance(variance: Variance, dimension: number, field: string): void {
  const expected = variance.kind === 'scalar' ? 1 : dimension;
  if (variance.values.length !== expected)
    throw invalid(
      `has ${variance.values.length} values where ${variance.kind} variance of ${dimension} dimensions has ${expected}`,
      field,
    );
  for (const value of variance.values)
    if (!(value > 0) || !Number.isFinite(value))
      throw invalid('must be finite and above zero in every dimension', field);
}

function invalid(problem: string, field: string): AffinisError {
  return new AffinisError('invalid-argument', `[core] ${field} ${problem}`, { field, reason: 'BAD_EMBEDDING' });
}
