import { createRandom } from '@affinis/evaluation';
import type { FittingData } from '../fitting-data.ts';

export interface SyntheticOptions {
  readonly subjects?: number;
  readonly samplesPerSubject?: number;
  readonly seed?: number;
}

export interface Synthetic extends FittingData {
  readonly features: Float32Array;
  /** float32[K, N, D]: logarithm of the variance of the noise that each copy has over its clean sample. */
  readonly logNoise: Float32Array;
}

const [dimension, featureCount, copies] = [16, 6, 4];
const withinVariance = 0.05;

/** Subjects from N(0, 1), clean samples around them, and copies whose noise is a known function of their features. */
export function synthetic({ subjects = 40, samplesPerSubject = 6, seed = 1 }: SyntheticOptions = {}): Synthetic {
  const random = createRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const count = subjects * samplesPerSubject;
  const rows = copies * count;
  const embeddings = new Float32Array(rows * dimension);
  const features = Float32Array.from({ length: rows * featureCount }, normal);
  const logNoise = new Float32Array(rows * dimension).fill(Number.NEGATIVE_INFINITY);
  const centres = Float32Array.from({ length: subjects * dimension }, normal);
  for (let row = 0; row < rows; row++) {
    const sample = row % count;
    const own = features.subarray(row * featureCount, (row + 1) * featureCount);
    // Clean samples lie where no copy does.
    if (row < count) own[0] = -3;
    for (let d = 0; d < dimension; d++) {
      const at = row * dimension + d;
      if (row < count) {
        const centre = centres[Math.floor(sample / samplesPerSubject) * dimension + d] as number;
        embeddings[at] = centre + Math.sqrt(withinVariance) * normal();
        continue;
      }
      logNoise[at] = logNoiseAt(own, d);
      const clean = embeddings[sample * dimension + d] as number;
      embeddings[at] = clean + Math.exp((logNoise[at] as number) / 2) * normal();
    }
  }
  return {
    subjects: Int32Array.from({ length: count }, (_, sample) => Math.floor(sample / samplesPerSubject)),
    copies,
    dimension,
    embeddings,
    features,
    logNoise,
  };
}

/** From hardly any noise to more than subjects differ, the dimensions by different features. */
function logNoiseAt(features: Float32Array, d: number): number {
  const [first = 0, second = 0] = [features[0], features[1 + (d % (featureCount - 1))]];
  return 1.5 * first + second + 0.5 * Math.abs(first);
}
