import { countOf, eerOf, neededImpostors, rankTrials, rocOf, type Trials, tarAtFar } from '@affinis/evaluation';

const rates = [1e-2, 1e-3];

/**
 * How good one metric's scores of pairs under several conditions are: true match rate less EER, averaged over the
 * conditions and over false match rates of 1e-2 and 1e-3, at the one threshold that holds the rate under every condition.
 * Judged under thresholds of their own, scores may rank clean and poor pairs well and still mean nothing together: poor
 * strangers then pass the threshold of clean ones a hundred times too often. Rates that the pairs cannot support are
 * left out.
 */
export function meritOf(conditions: readonly Trials[]): number {
  const rocs = conditions.map((trials) => rocOf(rankTrials(trials)));
  const held = rates
    .filter((rate) => conditions.every(({ same }) => countOf(same, 0) >= neededImpostors(rate)))
    .map((rate) => Math.max(...rocs.map((roc) => tarAtFar(roc, rate).threshold)));
  const matched = held.map((threshold) => average(conditions.map((trials) => trueMatchRate(trials, threshold))));
  return (matched.length > 0 ? average(matched) : 0) - average(rocs.map(eerOf));
}

/** Share of the genuine pairs at or above a threshold. */
export const trueMatchRate = (trials: Trials, threshold: number): number => shareAbove(trials, 1, threshold);

/** Share of the impostor pairs at or above a threshold. */
export const falseMatchRate = (trials: Trials, threshold: number): number => shareAbove(trials, 0, threshold);

function shareAbove({ scores, same }: Trials, label: number, threshold: number): number {
  let [all, above] = [0, 0];
  for (let row = 0; row < same.length; row++) {
    if (same[row] !== label) continue;
    all++;
    if ((scores[row] as number) >= threshold) above++;
  }
  return above / all;
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
