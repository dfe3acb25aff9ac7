import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { unfit } from '../errors.ts';
import { type GroupedRows, gram } from './grouped-rows.ts';
import type { Model } from './model.ts';

/**
 * One step of expectation-maximisation (Brümmer and de Villiers 2010, with one speaker a cluster). Of a subject with n
 * samples and mean x̄, `y ~ N(m + K (x̄ - m), B - K B)` with `K = B (B + W/n)⁻¹`; the new model is that of those.
 */
export function maximise(groups: GroupedRows, { mean, between, within }: Model): Model {
  const { subjects, samples, bySize, dimension } = groups;
  const points: Matrix[] = [];
  const newWithin = groups.scatter.clone();
  const spread = Matrix.zeros(dimension, dimension);
  for (const [size, means] of bySize) {
    const gain = gainOf(between, within, size);
    const centred = means.clone().subRowVector(mean);
    const point = centred.mmul(gain.transpose());
    const uncertainty = symmetric(Matrix.sub(between, gain.mmul(between)));
    spread.add(Matrix.mul(uncertainty, means.rows));
    newWithin.add(gram(Matrix.sub(centred, point)).mul(size)).add(Matrix.mul(uncertainty, means.rows * size));
    points.push(point.addRowVector(mean));
  }
  const all = new Matrix(points.flatMap((rows) => rows.to2DArray()));
  const newMean = Matrix.rowVector(all.mean('column'));
  const newBetween = gram(all.subRowVector(newMean))
    .add(spread)
    .mul(1 / subjects);
  return { mean: newMean, between: newBetween, within: newWithin.mul(1 / samples) };
}

/**
 * Log-likelihood of samples by subject, less a constant of the data: of each mean `N(m, B + W/n)`, of the scatter about
 * it `N(0, W)` with n - 1 degrees of freedom.
 */
export function logLikelihood(groups: GroupedRows, { mean, between, within }: Model): number {
  const { samples, subjects, bySize, scatter } = groups;
  const noise = factorOf(within);
  const residual = noise.solve(scatter).trace();
  let sum = -((samples - subjects) * logDeterminant(noise) + residual) / 2;
  for (const [size, means] of bySize) {
    const factor = factorOf(Matrix.add(between, Matrix.mul(within, 1 / size)));
    const centred = means.clone().subRowVector(mean);
    const squares = Matrix.mul(centred, factor.solve(centred.transpose()).transpose()).sum();
    sum -= (means.rows * logDeterminant(factor) + squares) / 2;
  }
  return sum;
}

/** `B (B + W/n)⁻¹` */
function gainOf(between: Matrix, within: Matrix, size: number): Matrix {
  return factorOf(Matrix.add(between, Matrix.mul(within, 1 / size)))
    .solve(between)
    .transpose();
}

function factorOf(covariance: Matrix): CholeskyDecomposition {
  const factor = new CholeskyDecomposition(symmetric(covariance));
  if (factor.isPositiveDefinite()) return factor;
  throw unfit('do not span all dimensions; give more samples, or more shrinkage', 'embeddings');
}

/** Rounding leaves a product of symmetric matrices almost symmetric, and a Cholesky decomposition asks for more. */
const symmetric = (matrix: Matrix): Matrix => Matrix.add(matrix, matrix.transpose()).mul(0.5);

function logDeterminant({ lowerTriangularMatrix }: CholeskyDecomposition): number {
  return 2 * lowerTriangularMatrix.diag().reduce((sum, value) => sum + Math.log(value), 0);
}
