import { AffinisError, type TwoCovariance } from '@affinis/core';
import { CholeskyDecomposition, Matrix, solve } from 'ml-matrix';

/**
 * The factor of the Mahalanobis distance that counts directions by how little one subject's embeddings vary along them:
 * `C⁻¹` of `W = C Cᵀ`, float32[D, D] (relevant component analysis; Bar-Hillel, Hertz, Shental and Weinshall, JMLR 2005).
 */
export function withinWhitening({ dimension, within }: TwoCovariance): Float32Array {
  const factor = new CholeskyDecomposition(Matrix.from1DArray(dimension, dimension, within));
  if (!factor.isPositiveDefinite())
    throw new AffinisError('internal', '[fitting] a fitted covariance within subjects is positive definite');
  return Float32Array.from(solve(factor.lowerTriangularMatrix, Matrix.eye(dimension)).to1DArray());
}
