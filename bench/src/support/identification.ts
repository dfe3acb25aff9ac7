import { bootstrapWeights, interval } from '@affinis/evaluation';
import { rounded } from './statistics.ts';

/** One search of a gallery, and what was at its top. */
export interface Search {
  /** Number of the person who was searched for. */
  readonly subject: number;
  /** Whether that person should be in the gallery. */
  readonly mated: boolean;
  /** Of the best candidate, higher for more alike; undefined where nothing could be searched for. */
  readonly score: number | undefined;
  /** Whether the best candidate is that person. */
  readonly right: boolean;
}

export interface IdentificationRates {
  /** Share of mated searches with the right person on top. */
  readonly rank1: number;
  /** Of mated searches, those with the right person on top and above the threshold that `fpir` of strangers reach. */
  readonly detected: number;
}

/**
 * Rank-1 and detection-and-identification rate at a false positive identification rate of at most `fpir`: a stranger who
 * reaches the threshold is a false positive, whoever was on top. Searches without a score are misses, or nobody's match.
 */
export function identificationRates(
  searches: readonly Search[],
  fpir: number,
  weights?: ArrayLike<number>,
): IdentificationRates {
  const weightOf = (row: number) => weights?.[row] ?? 1;
  const strangers: [score: number, weight: number][] = [];
  let allStrangers = 0;
  let all = 0;
  for (const [row, { mated, score }] of searches.entries()) {
    if (mated) all += weightOf(row);
    else {
      allStrangers += weightOf(row);
      if (score !== undefined && weightOf(row) > 0) strangers.push([score, weightOf(row)]);
    }
  }
  const highest = firstRejected(strangers, fpir * allStrangers);
  let right = 0;
  let detected = 0;
  for (const [row, search] of searches.entries()) {
    if (!search.mated || !search.right || search.score === undefined) continue;
    right += weightOf(row);
    if (search.score > highest) detected += weightOf(row);
  }
  return { rank1: right / all, detected: detected / all };
}

/** The highest stranger's score that must not pass, where at most `allowed` of their weight may. */
function firstRejected(strangers: [score: number, weight: number][], allowed: number): number {
  strangers.sort(([a], [b]) => b - a);
  let passed = 0;
  for (const [score, weight] of strangers) {
    passed += weight;
    if (passed > allowed + 1e-9) return score;
  }
  return Number.NEGATIVE_INFINITY;
}

type Rate = keyof IdentificationRates;
/** In per cent: the rate, and its 95 % interval. */
export type RateInterval = readonly [value: number, low: number, high: number];

export interface ComparedRates {
  readonly rates: Readonly<Record<Rate, RateInterval>>;
  /** To the first of those compared, in points, on the same draws. */
  readonly differences?: Readonly<Record<Rate, RateInterval>>;
}

/** Rates of several metrics on the same searches, with intervals by draws of people; the gallery stays as it is. */
export function compareRates(
  metrics: ReadonlyMap<string, readonly Search[]>,
  { fpir, draws, seed }: { readonly fpir: number; readonly draws: number; readonly seed: number },
): Record<string, ComparedRates> {
  const all = [...metrics.values()];
  const [first = []] = all;
  const subjects = Int32Array.from(first, ({ subject }) => subject);
  const nothing = { scores: new Float64Array(first.length), same: new Uint8Array(first.length) };
  const values = all.map((searches) => identificationRates(searches, fpir));
  const drawn: IdentificationRates[][] = [];
  for (const weights of bootstrapWeights({ ...nothing, left: subjects, right: subjects }, { draws, seed }))
    drawn.push(all.map((searches) => identificationRates(searches, fpir, weights)));
  const summary = (of: (rates: readonly IdentificationRates[]) => number): RateInterval => {
    const { low, high } = interval(drawn.map(of));
    return [100 * of(values), 100 * low, 100 * high].map(rounded) as unknown as RateInterval;
  };
  const each = (of: (rate: Rate) => (rates: readonly IdentificationRates[]) => number) => ({
    rank1: summary(of('rank1')),
    detected: summary(of('detected')),
  });
  const value = (rates: readonly IdentificationRates[], at: number, rate: Rate) => rates[at]?.[rate] ?? Number.NaN;
  return Object.fromEntries(
    [...metrics.keys()].map((name, at) => [
      name,
      {
        rates: each((rate) => (rates) => value(rates, at, rate)),
        ...(at === 0 ? {} : { differences: each((rate) => (rates) => value(rates, at, rate) - value(rates, 0, rate)) }),
      },
    ]),
  );
}
