import { AffinisError, type LinearMap, type TwoCovariance } from '@affinis/core';
import { CholeskyDecomposition, EigenvalueDecomposition, Matrix, solve } from 'ml-matrix';

/** Axes along which both covariances are diagonal. */
export interface Diagonalised {
  /** float64[P], above 0: variance between subjects over variance within, along each axis. */
  readonly ratios: Float64Array;
  /** To the coordinates along the axes, in which the variance within is 1. */
  readonly map: LinearMap;
}

/** Less of the largest ratio than this is rounding. */
const negligible = 1e-12;
/** A covariance is estimated; a ratio further below zero than this of the largest is no rounding. */
const tolerated = 1e-6;

/**
 * `V` with `V W Vᵀ = I` and `V B Vᵀ = diag(ratios)` (Ioffe 2006, figure 1): `V = Uᵀ C⁻¹` of the Cholesky factor `W = C Cᵀ`
 * and the eigenvectors `U` of `C⁻¹ B C⁻ᵀ`. Axes along which subjects do not differ are left out: they say nothing.
 */
export function diagonalise(model: TwoCovariance): Diagonalised {
  const { ratios, matrix, kind } = model.covariance === 'diagonal' ? alongDimensions(model) : alongEigenvectors(model);
  return {
    ratios,
    map: { kind, matrix, outputs: ratios.length, dimension: model.dimension, origin: model.mean },
  };
}

type Axes = { readonly ratios: Float64Array; readonly matrix: Float64Array; readonly kind: LinearMap['kind'] };

/** Every dimension is an axis, one without difference too: its weight is 0. */
function alongDimensions({ between, within }: TwoCovariance): Axes {
  const ratios = between.map((value, d) => value / (within[d] as number));
  if (!ratios.some((ratio) => ratio > 0)) throw noDifference();
  return { ratios, matrix: within.map((value) => 1 / Math.sqrt(value)), kind: 'diagonal' };
}

function alongEigenvectors({ dimension, between, within }: TwoCovariance): Axes {
  const cholesky = new CholeskyDecomposition(squareOf(within, dimension));
  if (!cholesky.isPositiveDefinite()) throw unfit('the covariance within subjects is not positive definite');
  const factor = cholesky.lowerTriangularMatrix;
  const inverse = solve(factor, Matrix.eye(dimension));
  const whitened = inverse.mmul(squareOf(between, dimension)).mmul(inverse.transpose());
  const symmetric = whitened.clone().add(whitened.transpose()).mul(0.5);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  const largest = Math.max(...realEigenvalues);
  if (Math.min(...realEigenvalues) < -tolerated * Math.max(largest, 0))
    throw unfit('the covariance between subjects is not positive semi-definite');
  const kept = [...realEigenvalues.keys()].filter((axis) => (realEigenvalues[axis] as number) > negligible * largest);
  if (kept.length === 0) throw noDifference();
  const axes = eigenvectorMatrix.transpose().mmul(inverse);
  return {
    ratios: Float64Array.from(kept, (axis) => realEigenvalues[axis] as number),
    matrix: Float64Array.from(kept.flatMap((axis) => axes.getRow(axis))),
    kind: 'full',
  };
}

const squareOf = (values: Float64Array, size: number): Matrix => Matrix.from1DArray(size, size, values);

const noDifference = () => unfit('subjects do not differ by it: the covariance between them is zero');

const unfit = (problem: string) =>
  new AffinisError('invalid-argument', `[metric-plda] ${problem}; fit the model to more subjects`, {
    field: 'file',
    reason: 'BAD_PARAMETERS',
  });
