/**
 * Pool adjacent violators: the non-decreasing sequence nearest to `values` in weighted squares (Ayer et al. 1955).
 * Returns one fitted value for each given one.
 */
export function poolAdjacentViolators(values: Float64Array, weights: Float64Array): Float64Array {
  const means: number[] = [];
  const masses: number[] = [];
  const sizes: number[] = [];
  for (let index = 0; index < values.length; index++) {
    let mean = values[index] as number;
    let mass = weights[index] as number;
    let size = 1;
    while (means.length > 0 && (means.at(-1) as number) >= mean) {
      const otherMass = masses.pop() as number;
      mean = (mean * mass + (means.pop() as number) * otherMass) / (mass + otherMass);
      mass += otherMass;
      size += sizes.pop() as number;
    }
    means.push(mean);
    masses.push(mass);
    sizes.push(size);
  }
  const fitted = new Float64Array(values.length);
  let at = 0;
  for (const [block, size] of sizes.entries()) {
    fitted.fill(means[block] as number, at, at + size);
    at += size;
  }
  return fitted;
}
