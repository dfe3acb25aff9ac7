import { createSeededRandom, type EmbeddingBlock, type ScanForm } from '@affinis/core';

export interface PopulationOptions {
  readonly dimension: number;
  readonly rows: number;
  readonly queries: number;
  readonly varianceKind: EmbeddingBlock['varianceKind'];
  /** Rows are samples of so many identities. */
  readonly identities: number;
  readonly unitNorm?: boolean;
  readonly seed?: number;
}

/** Noisy samples of identities: variances of one sample are 35-fold those of another. */
export function createPopulation(options: PopulationOptions): { rows: EmbeddingBlock; queries: EmbeddingBlock } {
  const { dimension, identities, varianceKind, unitNorm = true } = options;
  const random = createSeededRandom(options.seed ?? 1);
  const normal = () => random.gaussian();
  const centres = Float32Array.from({ length: identities * dimension }, () => normal() / Math.sqrt(dimension));
  const block = (count: number): EmbeddingBlock => {
    const width = varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : dimension;
    const means = new Float32Array(count * dimension);
    const variances = new Float32Array(count * width);
    for (let row = 0; row < count; row++) {
      const identity = row % identities;
      const poorness = (0.3 / dimension) * 35 ** (random.uniform() - 0.5);
      let squares = 0;
      for (let d = 0; d < dimension; d++) {
        const variance = poorness * (varianceKind === 'diagonal' ? 3 ** (random.uniform() - 0.5) : 1);
        if (width > 0) variances[row * width + (width === 1 ? 0 : d)] = variance;
        const value = (centres[identity * dimension + d] as number) + Math.sqrt(variance) * normal();
        means[row * dimension + d] = value;
        squares += value * value;
      }
      if (!unitNorm) continue;
      for (let d = row * dimension; d < (row + 1) * dimension; d++)
        means[d] = (means[d] as number) / Math.sqrt(squares);
      for (let at = row * width; at < (row + 1) * width; at++) variances[at] = (variances[at] as number) / squares;
    }
    return { dimension, means, variances, varianceKind, unitNorm, start: 0, count };
  };
  return { rows: block(options.rows), queries: block(options.queries) };
}

/** Every form that rows of this kind can be ranked by. */
export function formsFor(dimension: number, varianceKind: EmbeddingBlock['varianceKind'], outputs = 5): ScanForm[] {
  const wave = (length: number, scale = 1) => Float32Array.from({ length }, (_, at) => scale * Math.sin(1 + 3 * at));
  const projection = { matrix: wave(outputs * dimension), origin: wave(dimension, 0.01) };
  const points: ScanForm[] = [
    { kind: 'cosine' },
    { kind: 'euclidean' },
    { kind: 'dot' },
    { kind: 'dot', bias: wave(dimension) },
    { kind: 'cosine', projection },
    { kind: 'euclidean', projection },
    { kind: 'dot', projection, bias: wave(outputs) },
  ];
  if (varianceKind === 'none') return points;
  const between = Float32Array.from({ length: dimension }, (_, d) => (1 + 0.5 * Math.sin(d)) / dimension);
  return [...points, { kind: 'mls' }, { kind: 'mls-llr', mean: wave(dimension, 0.01), between }];
}
