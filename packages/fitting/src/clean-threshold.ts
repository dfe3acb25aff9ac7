import { countOf, neededImpostors, rankTrials, rocOf, type Trials, tarAtFar } from '@affinis/evaluation';
import { falseMatchRate, trueMatchRate } from './merit.ts';

/** What a threshold set on clean pairs does to others: whether a decision keeps its meaning when samples get worse. */
export interface AtCleanThreshold {
  /** False match rate on clean pairs that the threshold was set for. */
  readonly wanted: number;
  readonly fmr: number;
  readonly tar: number;
}

/** Of one scorer: by fold, its clean trials and those in question. Null where clean pairs are too few for a threshold. */
export function atCleanThreshold(
  folds: readonly { readonly clean: Trials; readonly trials: Trials }[],
): AtCleanThreshold | null {
  const impostors = Math.min(...folds.map(({ clean }) => countOf(clean.same, 0)));
  const wanted = [1e-3, 1e-2].find((rate) => impostors >= neededImpostors(rate));
  if (wanted === undefined) return null;
  const average = (rate: (trials: Trials, threshold: number) => number) =>
    folds.reduce((sum, { clean, trials }) => {
      const { threshold } = tarAtFar(rocOf(rankTrials(clean)), wanted);
      return sum + rate(trials, threshold) / folds.length;
    }, 0);
  return { wanted, fmr: average(falseMatchRate), tar: average(trueMatchRate) };
}
