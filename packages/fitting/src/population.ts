import type { Population } from '@affinis/core';
import { unfit } from './errors.ts';
import { type FittingData, isUsable, samplesBySubject } from './fitting-data.ts';

/** Share of a dimension's mean square: SCIENCE's 1e-5 for unit vectors of 256 dimensions. No variance is below it. */
const varianceFloor = 1e-5 * 256;

export interface PopulationFit {
  readonly population: Population;
  /** float32[D], > 0: variance of the clean embeddings of one subject. */
  readonly within: Float32Array;
  /** `copies`: no subject has two samples, so that `within` is that of each sample and its nearest copy. */
  readonly withinFrom: 'subjects' | 'copies';
  /** Dimensions that do not vary, or hardly; their variances are the floor. */
  readonly deadDimensions: number;
}

/**
 * Mean and between-subject variance (total less within) of clean embeddings per dimension, and the variance within a
 * subject, pooled over the subjects that have two samples. Throws `invalid-argument` where nothing varies.
 */
export function fitPopulation(data: FittingData, samples: Int32Array): PopulationFit {
  const { dimension } = data;
  if (samples.length < 2) throw unfit(`has ${samples.length} samples; 2 or more are needed`, 'subjects');
  const floor = varianceFloor * meanSquare(data, samples);
  const mean = meanOf(data, samples);
  const total = new Float64Array(dimension);
  addSquares(data, samples, mean, total, 1 / samples.length);
  const deadDimensions = total.reduce((dead, value) => dead + (value > floor ? 0 : 1), 0);
  if (deadDimensions === dimension)
    throw unfit('no dimension varies between samples; the model gives one embedding for all', 'embeddings');
  const { within, withinFrom } = withinSubjects(data, samples) ?? withinCopies(data, samples);
  return {
    population: {
      mean: Float32Array.from(mean),
      between: Float32Array.from(total, (value, d) => Math.max(value - (within[d] as number), floor)),
    },
    within: Float32Array.from(within, (value) => Math.max(value, floor)),
    withinFrom,
    deadDimensions,
  };
}

/** Mean over samples and dimensions of the squared clean embeddings: the scale of the space. */
export function meanSquare({ embeddings, dimension }: FittingData, samples: Int32Array): number {
  let sum = 0;
  for (const sample of samples)
    for (let d = 0; d < dimension; d++) sum += (embeddings[sample * dimension + d] as number) ** 2;
  if (sum === 0) throw unfit('are all zero', 'embeddings');
  return sum / (samples.length * dimension);
}

function withinSubjects(data: FittingData, samples: Int32Array) {
  const several = [...samplesBySubject(data, samples).values()].filter((group) => group.length > 1);
  if (several.length === 0) return undefined;
  const freedom = several.reduce((sum, group) => sum + group.length - 1, 0);
  const within = new Float64Array(data.dimension);
  for (const group of several) {
    const members = Int32Array.from(group);
    addSquares(data, members, meanOf(data, members), within, 1 / freedom);
  }
  return { within, withinFrom: 'subjects' as const };
}

/** Of each sample and the copy that changed it least, of which each has half of the squared difference. */
function withinCopies(data: FittingData, samples: Int32Array) {
  const { dimension, embeddings, subjects, copies } = data;
  const within = new Float64Array(dimension);
  let count = 0;
  for (const sample of samples) {
    const clean = embeddings.subarray(sample * dimension, (sample + 1) * dimension);
    let nearest: Float32Array | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (let copy = 1; copy < copies; copy++) {
      const row = copy * subjects.length + sample;
      const degraded = embeddings.subarray(row * dimension, (row + 1) * dimension);
      const distance = clean.reduce((sum, value, d) => sum + (value - (degraded[d] as number)) ** 2, 0);
      if (!isUsable(data, row) || distance === 0 || distance >= least) continue;
      nearest = degraded;
      least = distance;
    }
    if (!nearest) continue;
    count++;
    for (let d = 0; d < dimension; d++)
      within[d] = (within[d] as number) + ((clean[d] as number) - (nearest[d] as number)) ** 2 / 2;
  }
  if (count === 0)
    throw unfit('no subject has two samples and no copy differs from its sample; add samples', 'subjects');
  return { within: within.map((sum) => sum / count), withinFrom: 'copies' as const };
}

function meanOf({ embeddings, dimension }: FittingData, samples: Int32Array): Float64Array {
  const mean = new Float64Array(dimension);
  for (const sample of samples)
    for (let d = 0; d < dimension; d++)
      mean[d] = (mean[d] as number) + (embeddings[sample * dimension + d] as number) / samples.length;
  return mean;
}

function addSquares(
  { embeddings, dimension }: FittingData,
  samples: Int32Array,
  mean: Float64Array,
  sums: Float64Array,
  weight: number,
): void {
  for (const sample of samples)
    for (let d = 0; d < dimension; d++)
      sums[d] =
        (sums[d] as number) + weight * ((embeddings[sample * dimension + d] as number) - (mean[d] as number)) ** 2;
}
