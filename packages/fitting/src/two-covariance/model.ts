import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { unfit } from '../errors.ts';
import { type GroupedRows, gram } from './grouped-rows.ts';

/** The two-covariance model while it is fitted; core's `TwoCovariance` is what is stored of it. */
export interface Model {
  /** 1 x D */
  readonly mean: Matrix;
  /** D x D, positive semi-definite */
  readonly between: Matrix;
  /** D x D, positive definite */
  readonly within: Matrix;
}

/**
 * No dimension's variance within is below this share of the mean over dimensions. Some are zero for nearly everyone
 * (what a ReLU leaves): by the variance that they have, two strangers who are not zero there would be one person (seen
 * on the voice: 320 of a pair's 323 nats from one dimension of 256, TAR at FAR 1e-4 of 3 % where the floor gives 71 %).
 */
const varianceFloor = 0.1;

/** Estimates from the moments: pooled scatter about the subjects' means, and their covariance less its share of that. */
export function momentModel(groups: GroupedRows, shrinkage: number): Model {
  const { dimension, samples, subjects, bySize, scatter } = groups;
  const means = new Matrix([...bySize.values()].flatMap((rows) => rows.to2DArray()));
  const mean = Matrix.rowVector(means.mean('column'));
  const within = Matrix.mul(scatter, 1 / (samples - subjects));
  const share = [...bySize].reduce((sum, [size, { rows }]) => sum + rows / size, 0) / subjects;
  const between = Matrix.mul(gram(means.subRowVector(mean)), 1 / (subjects - 1)).sub(Matrix.mul(within, share));
  const clipped = positivePart(between);
  if (dimension === 0 || clipped.trace() <= 0)
    throw unfit('subjects differ no more than samples of one subject do; more subjects are needed', 'subjects');
  return regularised({ mean, between: clipped, within }, shrinkage);
}

/** Both covariances drawn towards their diagonals, by 0 … 1; what few samples say about pairs of dimensions is noise. */
export function regularised({ mean, between, within }: Model, shrinkage: number): Model {
  const floor = (varianceFloor * within.trace()) / within.rows;
  const shrunk = shrink(within, shrinkage);
  for (let d = 0; d < within.rows; d++) shrunk.set(d, d, Math.max(shrunk.get(d, d), floor));
  return { mean, between: shrink(between, shrinkage), within: shrunk };
}

function shrink(covariance: Matrix, shrinkage: number): Matrix {
  const shrunk = Matrix.mul(covariance, 1 - shrinkage);
  for (let d = 0; d < covariance.rows; d++) shrunk.set(d, d, covariance.get(d, d));
  return shrunk;
}

/** Without the directions of negative variance that a difference of estimates has. */
function positivePart(covariance: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, { assumeSymmetric: true });
  const roots = realEigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
  const stretched = eigenvectorMatrix.clone().mulRowVector(Matrix.rowVector(roots));
  return stretched.mmul(stretched.transpose());
}
