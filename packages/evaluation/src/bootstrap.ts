import { createRandom } from './random.ts';
import { subjectsOf } from './subjects.ts';
import { invalid, type Trials } from './trials.ts';

export interface BootstrapOptions {
  readonly draws: number;
  readonly seed: number;
}

/**
 * Weights of the trials for each draw of as many subjects as there are, with replacement: a pair within a subject counts
 * as often as that was drawn, a pair of two subjects as often as the product of both (Bolle et al. 2004; pairs of one
 * subject are not independent). The same seed gives the same draws, so that two pipelines are compared on the same ones.
 * The array that is yielded is used again for the next draw.
 */
export function* bootstrapWeights(trials: Trials, { draws, seed }: BootstrapOptions): Generator<Float64Array> {
  const { left, right } = trials;
  if (!Number.isInteger(draws) || draws < 0)
    throw invalid(`${draws} draws cannot be made; give a whole number`, 'draws');
  const random = createRandom(seed);
  const subjects = subjectsOf(trials);
  const counts = new Uint32Array(1 + (subjects.at(-1) ?? 0));
  const weights = new Float64Array(left.length);
  for (let draw = 0; draw < draws; draw++) {
    counts.fill(0);
    for (let pick = 0; pick < subjects.length; pick++) {
      const subject = subjects[Math.floor(random() * subjects.length)] as number;
      counts[subject] = (counts[subject] as number) + 1;
    }
    for (let row = 0; row < weights.length; row++) {
      const [a, b] = [left[row] as number, right[row] as number];
      const drawn = counts[a] as number;
      weights[row] = a === b ? drawn : drawn * (counts[b] as number);
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
