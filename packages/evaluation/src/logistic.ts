import { invalid } from './trials.ts';

/** `ratio(features) = offset + Σ slopes_k · features_k`, in nats. */
export interface Logistic {
  readonly offset: number;
  readonly slopes: readonly number[];
}

const iterations = 100;
const converged = 1e-10;

/**
 * Logistic regression of labels on features, float64[N] each, with both classes weighing the same, so that what it
 * gives is a log-likelihood ratio (Brümmer and du Preez 2006). Targets are Platt's (1999), which keeps separable data
 * finite. Newton's method on standardised features.
 */
export function fitLogistic(features: readonly Float64Array[], same: Uint8Array): Logistic {
  const genuine = same.reduce((sum, label) => sum + label, 0);
  const impostor = same.length - genuine;
  if (genuine === 0 || impostor === 0) throw invalid('a logistic needs genuine and impostor pairs', 'same');
  const scaled = features.map(standardise);
  const size = features.length + 1;
  const target = { 1: (genuine + 1) / (genuine + 2), 0: 1 / (impostor + 2) } as const;
  const weight = { 1: 0.5 / genuine, 0: 0.5 / impostor } as const;
  const solution = new Float64Array(size);
  const x = new Float64Array(size).fill(1);
  for (let iteration = 0; iteration < iterations; iteration++) {
    const gradient = new Float64Array(size);
    const hessian = Array.from({ length: size }, () => new Float64Array(size));
    for (let row = 0; row < same.length; row++) {
      let z = solution[0] as number;
      for (const [k, { values }] of scaled.entries()) {
        x[k + 1] = values[row] as number;
        z += (solution[k + 1] as number) * (x[k + 1] as number);
      }
      const p = 1 / (1 + Math.exp(-z));
      const label = same[row] === 1 ? 1 : 0;
      const slope = weight[label] * (p - target[label]);
      const curvature = weight[label] * p * (1 - p);
      for (let i = 0; i < size; i++) {
        gradient[i] = (gradient[i] as number) + slope * (x[i] as number);
        for (let j = 0; j <= i; j++)
          (hessian[i] as Float64Array)[j] =
            ((hessian[i] as Float64Array)[j] as number) + curvature * (x[i] as number) * (x[j] as number);
      }
    }
    const step = solveSymmetric(hessian, gradient);
    let change = 0;
    for (let i = 0; i < size; i++) {
      solution[i] = (solution[i] as number) - (step[i] as number);
      change = Math.max(change, Math.abs(step[i] as number));
    }
    if (change < converged) break;
  }
  const slopes = scaled.map(({ deviation }, k) => (solution[k + 1] as number) / deviation);
  const offset = scaled.reduce((sum, { mean }, k) => sum - (slopes[k] as number) * mean, solution[0] as number);
  return { offset, slopes };
}

export const ratioOf = ({ offset, slopes }: Logistic, features: readonly number[]): number =>
  slopes.reduce((sum, slope, k) => sum + slope * (features[k] ?? 0), offset);

function standardise(values: Float64Array, feature: number) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  if (!(deviation > 0) || !Number.isFinite(deviation))
    throw invalid(
      feature === 0 ? 'all scores are equal, so that they say nothing' : `feature ${feature} is constant; leave it out`,
      'scores',
    );
  return { values: values.map((value) => (value - mean) / deviation), mean, deviation };
}

/** Cholesky with a ridge far below the data's own curvature. */
function solveSymmetric(lower: readonly Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  const factor = lower.map((row) => Float64Array.from(row));
  const at = (i: number, j: number) => (factor[i] as Float64Array)[j] as number;
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let sum = at(i, j) + (i === j ? 1e-12 : 0);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      (factor[i] as Float64Array)[j] = i === j ? Math.sqrt(Math.max(sum, 1e-300)) : sum / at(j, j);
    }
  const solution = Float64Array.from(right);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) solution[i] = (solution[i] as number) - at(i, k) * (solution[k] as number);
    solution[i] = (solution[i] as number) / at(i, i);
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) solution[i] = (solution[i] as number) - at(k, i) * (solution[k] as number);
    solution[i] = (solution[i] as number) / at(i, i);
  }
  return solution;
}
