import type { MetricReference } from './metric-references.ts';

/** A two-covariance model of one dimension, as rows: a subject is `N(mean, between)`, its embeddings add `N(0, within)`. */
export interface ReferenceModel {
  readonly mean: readonly number[];
  readonly between: readonly (readonly number[])[];
  readonly within: readonly (readonly number[])[];
}

/**
 * `ln N([a b] | one identity) - ln N(a) - ln N(b)` from the densities themselves: both embeddings of one subject have
 * the joint covariance `[T, B; B, T]` with `T = B + W`, each is a Cholesky factor's sum of squares. Any PLDA is held to it.
 */
export const twoCovarianceReference =
  (modelOf: (dimension: number) => ReferenceModel): MetricReference =>
  (left, right) => {
    const { mean, between, within } = modelOf(left.mean.length);
    const total = between.map((row, i) => row.map((value, j) => value + at(at(within, i), j)));
    const joint = [
      ...total.map((row, i) => [...row, ...at(between, i)]),
      ...total.map((row, i) => [...at(between, i), ...row]),
    ];
    const [a, b] = [left, right].map((point) => point.mean.map((value, d) => value - at(mean, d)));
    const [one, two] = [a ?? [], b ?? []];
    const [same, alone, other] = [logDensity([...one, ...two], joint), logDensity(one, total), logDensity(two, total)];
    return {
      score: same.value - alone.value - other.value,
      magnitude: same.magnitude + alone.magnitude + other.magnitude,
    };
  };

/** `ln N(x; 0, covariance)`, and the sum of the magnitudes of its terms. */
function logDensity(x: readonly number[], covariance: readonly (readonly number[])[]) {
  const factor = cholesky(covariance);
  const whitened: number[] = [];
  for (const [i, row] of factor.entries()) {
    const sum = row.slice(0, i).reduce((total, value, k) => total + value * at(whitened, k), 0);
    whitened.push((at(x, i) - sum) / at(row, i));
  }
  const squares = whitened.reduce((sum, value) => sum + value * value, 0) / 2;
  const logarithms = factor.map((row, i) => Math.log(at(row, i)));
  const constant = (x.length / 2) * Math.log(2 * Math.PI);
  return {
    value: -squares - logarithms.reduce((sum, value) => sum + value, 0) - constant,
    magnitude: squares + logarithms.reduce((sum, value) => sum + Math.abs(value), 0) + constant,
  };
}

function cholesky(matrix: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const factor: number[][] = [];
  for (const [i, values] of matrix.entries()) {
    const row: number[] = [];
    for (let j = 0; j <= i; j++) {
      const other = j === i ? row : (factor[j] ?? []);
      const rest = at(values, j) - row.slice(0, j).reduce((sum, value, k) => sum + value * at(other, k), 0);
      if (j === i && !(rest > 0)) throw new RangeError('[conformance] the covariance is not positive definite');
      row.push(j === i ? Math.sqrt(rest) : rest / at(other, j));
    }
    factor.push(row);
  }
  return factor;
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError(`[conformance] no value at ${index}`);
  return value;
}
