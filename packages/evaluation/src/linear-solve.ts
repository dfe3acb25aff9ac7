const ridge = 1e-12;

/**
 * Solution of `A x = b` for a symmetric, positive definite `A`, of which the lower triangle is given (Cholesky). A ridge,
 * far below the curvature of data, decides between features that say the same.
 */
export function solveSymmetric(lower: readonly Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  const factor = lower.map((row) => Float64Array.from(row));
  const largest = lower.reduce((most, row, i) => Math.max(most, row[i] as number), 0);
  const at = (i: number, j: number) => (factor[i] as Float64Array)[j] as number;
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let sum = at(i, j) + (i === j ? ridge * largest : 0);
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
