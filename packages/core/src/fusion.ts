import type { Embedding } from './embedding.ts';
import { AffinisError } from './errors.ts';
import { requireVariances, sharedVariances, type Variances } from './fusion-variances.ts';

/**
 * How several samples of one identity become one embedding; μ and v are a sample's mean and variance, n their number:
 *
 * - `mean`: mean `Σμ/n`, variance `Σv/n²` where every sample has one of the same kind and head, else none
 * - `inverse-variance`: mean `Σ(μ/v) / Σ(1/v)` and variance `min v` per dimension, as Shi and Jain fuse (Probabilistic
 *   Face Embeddings, ICCV 2019, section 4.2, and `aggregate_PFE` of their code): samples of one capture share
 *   their errors, so that their number alone makes nobody surer
 * - `gaussian-product`: the same mean, variance `1 / Σ(1/v)`, which holds where samples err independently
 */
export const fusionKinds = ['mean', 'inverse-variance', 'gaussian-product'] as const;
export type FusionKind = (typeof fusionKinds)[number];

/** A mean this short beside the vectors it was made of is rounding noise. */
const cancelled = 1e-6;
const [smallest, largest] = [2 ** -126, (2 - 2 ** -23) * 2 ** 127];

const fusedVariance: Readonly<Record<FusionKind, (variances: readonly number[]) => number>> = {
  mean: (variances) => sum(variances) / variances.length ** 2,
  'inverse-variance': (variances) => Math.min(...variances),
  'gaussian-product': (variances) => 1 / sum(variances.map((variance) => 1 / variance)),
};

/**
 * One embedding of several of one space. In unit-norm spaces the mean is scaled back to norm 1 and the variance with
 * it, so that samples which disagree leave more uncertainty. A single embedding is given back as it is. Throws
 * `failed-precondition` for samples of two spaces, or without the variances that the kind needs, and
 * `invalid-argument` where they cancel out; fields are relative to the side (`samples[1].variance`).
 */
export function fuse(embeddings: readonly Embedding[], kind: FusionKind = 'mean'): Embedding {
  const [first] = embeddings;
  if (!first)
    throw new AffinisError('invalid-argument', '[core] a side needs at least one sample', { field: 'samples' });
  if (embeddings.length === 1) return first;
  checkOneSpace(embeddings, first);

  const variances = kind === 'mean' ? sharedVariances(embeddings) : requireVariances(embeddings, kind);
  const mean = weightedMean(embeddings, kind === 'mean' ? undefined : variances);
  const scale = first.unitNorm ? 1 / norm(mean) : 1;
  const fused = {
    mean: Float32Array.from(mean, (value) => value * scale),
    unitNorm: first.unitNorm,
    space: first.space,
  };
  if (!variances) return fused;
  const values = Float32Array.from({ length: variances.size }, (_, d) =>
    Math.min(largest, Math.max(smallest, fusedVariance[kind](variances.at(d)) * scale * scale)),
  );
  const { varianceId } = first;
  const variance = { kind: variances.kind, values };
  return { ...fused, variance, ...(varianceId === undefined ? {} : { varianceId }) };
}

/** Weighted by the inverse of `variances`, or evenly; throws where the samples cancel out. */
function weightedMean(embeddings: readonly Embedding[], variances: Variances | undefined): Float64Array {
  const even = embeddings.map(() => 1);
  const mean = new Float64Array(embeddings[0]?.mean.length ?? 0);
  const sizes = new Float64Array(mean.length);
  for (let d = 0; d < mean.length; d++) {
    const weights = variances ? variances.at(d).map((variance) => 1 / variance) : even;
    const parts = embeddings.map((embedding, index) => (embedding.mean[d] ?? 0) * (weights[index] ?? 0));
    const total = sum(weights);
    mean[d] = sum(parts) / total;
    sizes[d] = sum(parts.map(Math.abs)) / total;
  }
  if (!(norm(mean) > cancelled * norm(sizes)))
    throw new AffinisError(
      'invalid-argument',
      '[core] the samples of one side cancel out; send samples of one identity',
      { field: 'samples', reason: 'NO_DIRECTION' },
    );
  return mean;
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

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function norm(values: Float64Array): number {
  let squares = 0;
  for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}
