import type { Variance } from '../embedding.ts';
import type { Population } from '../uncertainty/uncertainty-file.ts';

/** A linear projection: `x ↦ matrix · x + offset`. */
export interface LinearPart {
  /** float32[P, D], row-major. */
  readonly matrix: Float32Array;
  /** float32[P]: where the map sends zero. */
  readonly offset: Float32Array;
  /** D */
  readonly dimension: number;
}

/** No variance is 0, not even along an axis that the matrix leaves out. */
const smallest = 1e-30;

/**
 * The diagonal of `M diag(v) Mᵀ`: `v'_p = Σ_d M_pd² v_d`, times `scale²` where the projected mean was scaled. What the
 * map makes of independent dimensions is correlated; that part is left out, as everywhere where variances are diagonal.
 */
export function projectedVariance({ matrix, dimension }: LinearPart, { kind, values }: Variance, scale = 1): Variance {
  const outputs = matrix.length / dimension;
  const projected = new Float32Array(outputs);
  for (let p = 0; p < outputs; p++) {
    let sum = 0;
    for (let d = 0; d < dimension; d++)
      sum += (matrix[p * dimension + d] as number) ** 2 * (values[kind === 'scalar' ? 0 : d] as number);
    projected[p] = Math.max(sum * scale * scale, smallest);
  }
  return { kind: 'diagonal', values: projected };
}

/** The prior over subjects that MLS-LLR compares with, mapped likewise; only where the projected means are not scaled. */
export function projectedPopulation(linear: LinearPart, { mean, between }: Population): Population {
  const { matrix, offset, dimension } = linear;
  const projected = offset.map((start, p) => {
    let sum = start;
    for (let d = 0; d < dimension; d++) sum += (matrix[p * dimension + d] as number) * (mean[d] as number);
    return sum;
  });
  return { mean: projected, between: projectedVariance(linear, { kind: 'diagonal', values: between }).values };
}
