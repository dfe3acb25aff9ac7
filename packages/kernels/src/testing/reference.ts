import type { EmbeddingBlock, ScanForm } from '@affinis/core';

/** A form's score in float64, written down as its definition reads. */
export function referenceScore(
  form: ScanForm,
  queries: EmbeddingBlock,
  q: number,
  rows: EmbeddingBlock,
  r: number,
): number {
  const x = meanOf(queries, q);
  const y = meanOf(rows, r);
  switch (form.kind) {
    case 'cosine': {
      const [a, b] = [project(form.projection, x), project(form.projection, y)];
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    }
    case 'euclidean': {
      const [a, b] = [project(form.projection, x), project(form.projection, y)];
      return -sum(a, (value, d) => (value - (b[d] as number)) ** 2);
    }
    case 'dot': {
      const [a, b] = [project(form.projection, x), project(form.projection, y)];
      return dot(a, b) + sum(b, (value, d) => (form.bias?.[d] ?? 0) * value * value);
    }
    case 'mls':
      return sum(x, (value, d) => {
        const s = varianceOf(queries, q, d) + varianceOf(rows, r, d);
        return -0.5 * ((value - (y[d] as number)) ** 2 / s + Math.log(2 * Math.PI * s));
      });
    case 'mls-llr':
      return sum(x, (value, d) => {
        const [v1, v2] = [varianceOf(queries, q, d), varianceOf(rows, r, d)];
        const [m, b] = [form.mean[d] as number, form.between[d] as number];
        // Two Gaussians of one identity have covariance b; of two, none.
        return (
          pair(value - m, (y[d] as number) - m, b + v1, b + v2, b) -
          pair(value - m, (y[d] as number) - m, b + v1, b + v2, 0)
        );
      });
  }
}

/** Logarithm of the density of two correlated Gaussians of mean zero. */
function pair(x: number, y: number, xx: number, yy: number, xy: number): number {
  const det = xx * yy - xy * xy;
  return -0.5 * ((yy * x * x - 2 * xy * x * y + xx * y * y) / det + Math.log(det)) - Math.log(2 * Math.PI);
}

function meanOf({ means, dimension }: EmbeddingBlock, row: number): number[] {
  return Array.from(means.subarray(row * dimension, (row + 1) * dimension));
}

function varianceOf({ variances, varianceKind, dimension }: EmbeddingBlock, row: number, d: number): number {
  return variances?.[varianceKind === 'scalar' ? row : row * dimension + d] ?? Number.NaN;
}

function project(
  projection: { matrix: Float32Array; origin?: Float32Array } | undefined,
  x: readonly number[],
): number[] {
  if (!projection) return [...x];
  const { matrix, origin } = projection;
  return Array.from({ length: matrix.length / x.length }, (_, p) =>
    sum(x, (value, d) => (matrix[p * x.length + d] as number) * (value - (origin?.[d] ?? 0))),
  );
}

const dot = (a: readonly number[], b: readonly number[]) => sum(a, (value, d) => value * (b[d] as number));

const sum = (values: readonly number[], of: (value: number, d: number) => number): number =>
  values.reduce((total, value, d) => total + of(value, d), 0);
