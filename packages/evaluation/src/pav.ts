/**
 * Pool adjacent violators: the non-decreasing sequence nearest to `values` in weighted squares (Ayer et al. 1955).
 * Returns one fitted value for each given one.
 */
export function poolAdjacentViolators(values: Float64Array, weights: Float64Array): Float64Array {
  // A stack of blocks.
  const means = new Float64Array(values.length);
  const masses = new Float64Array(values.length);
  const sizes = new Uint32Array(values.length);
  let blocks = 0;
  for (let index = 0; index < values.length; index++) {
    let mean = values[index] as number;
    let mass = weights[index] as number;
    let size = 1;
    while (blocks > 0 && (means[blocks - 1] as number) >= mean) {
      blocks--;
      const together = mass + (masses[blocks] as number);
      // Blocks without weight leave each other's means alone.
      if (together > 0) mean = (mean * mass + (means[blocks] as number) * (masses[blocks] as number)) / together;
      mass = together;
      size += sizes[blocks] as number;
    }
    means[blocks] = mean;
    masses[blocks] = mass;
    sizes[blocks] = size;
    blocks++;
  }
  const fitted = new Float64Array(values.length);
  let at = 0;
  for (let block = 0; block < blocks; block++) {
    const end = at + (sizes[block] as number);
    fitted.fill(means[block] as number, at, end);
    at = end;
  }
  return fitted;
}
