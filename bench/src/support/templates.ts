import { createSeededRandom, type EmbeddingBlock } from '@affinis/core';

export interface TemplateOptions {
  readonly dimension: number;
  readonly rows: number;
  /** Rows are samples of so many identities, in turn. */
  readonly identities: number;
  readonly seed: number;
}

/**
 * Unit-norm samples of Gaussian identities, each with a diagonal variance that is true of its noise: the variance of one
 * sample is up to 35-fold that of another, and 3-fold from dimension to dimension.
 */
export function createTemplates({ dimension, rows, identities, seed }: TemplateOptions): EmbeddingBlock {
  // Identities are the same whatever the seed, so that queries have mates.
  const people = createSeededRandom(1);
  const centres = Float32Array.from({ length: identities * dimension }, () => people.gaussian() / Math.sqrt(dimension));
  const random = createSeededRandom(seed);
  const means = new Float32Array(rows * dimension);
  const variances = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row++) {
    const centre = (row % identities) * dimension;
    const start = row * dimension;
    const poorness = (0.3 / dimension) * 35 ** (random.uniform() - 0.5);
    let squares = 0;
    for (let d = 0; d < dimension; d++) {
      const variance = poorness * 3 ** (random.uniform() - 0.5);
      const value = (centres[centre + d] as number) + Math.sqrt(variance) * random.gaussian();
      means[start + d] = value;
      variances[start + d] = variance;
      squares += value * value;
    }
    const norm = Math.sqrt(squares);
    for (let at = start; at < start + dimension; at++) {
      means[at] = (means[at] as number) / norm;
      variances[at] = (variances[at] as number) / squares;
    }
  }
  return { dimension, means, variances, varianceKind: 'diagonal', unitNorm: true, start: 0, count: rows };
}
