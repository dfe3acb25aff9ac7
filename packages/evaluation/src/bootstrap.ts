import { createRandom } from './random.ts';
import type { Trials } from './trials.ts';

export interface BootstrapOptions {
  readonly draws: number;
  readonly seed: number;
}

/**
 * Weights of the trials for each draw of subjects with replacement: a genuine pair counts as often as its subject was
 * drawn, an impostor pair as often as the product of both (Bolle et al. 2004; pairs of one subject are not independent).
 * The same seed gives the same draws, so that two pipelines are compared on the same ones. One array is used again.
 */
export function* bootstrapWeights(
  { same, left, right }: Trials,
  { draws, seed }: BootstrapOptions,
): Generator<Float64Array> {
  const random = createRandom(seed);
  const subjects = 1 + left.reduce((most, subject, index) => Math.max(most, subject, right[index] as number), 0);
  const counts = new Uint16Array(subjects);
  const weights = new Float64Array(same.length);
  for (let draw = 0; draw < draws; draw++) {
    counts.fill(0);
    for (let pick = 0; pick < subjects; pick++) {
      const subject = Math.floor(random() * subjects);
      counts[subject] = (counts[subject] as number) + 1;
    }
    for (let row = 0; row < weights.length; row++) {
      const drawn = counts[left[row] as number] as number;
      weights[row] = same[row] === 1 ? drawn : drawn * (counts[right[row] as number] as number);
    }
    yield weights;
  }
}

/** Ends of the central share of `values` (percentile interval); values that are not finite are left out. */
export function interval(values: readonly number[], share = 0.95): { readonly low: number; readonly high: number } {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  const at = (quantile: number): number => {
    const place = quantile * (sorted.length - 1);
    const below = sorted[Math.floor(place)] ?? Number.NaN;
    const above = sorted[Math.ceil(place)] ?? Number.NaN;
    return below + (place - Math.floor(place)) * (above - below);
  };
  return { low: at((1 - share) / 2), high: at((1 + share) / 2) };
}
