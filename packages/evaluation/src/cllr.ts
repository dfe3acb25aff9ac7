import { poolAdjacentViolators } from './pav.ts';
import { rankTrials } from './roc.ts';
import { checkTrials, type Trials } from './trials.ts';

/**
 * Cost of log-likelihood ratios, in bits (Brümmer and du Preez, Application-independent evaluation of speaker
 * detection, 2006): 0 is perfect, 1 is what no information costs. The scores are ratios in nats.
 */
export function cllrOf(trials: Trials): number {
  checkTrials(trials);
  return costOf(trials.scores, trials.same);
}

/** The least Cllr that any monotone calibration of the scores could have: what is lost by discrimination alone. */
export function minCllrOf(trials: Trials): number {
  const { order, lastOfTie } = rankTrials(trials);
  const { same } = trials;
  const rising = order.toReversed();
  // Trials of one score are one block from the start: no calibration can tell them apart.
  const values: number[] = [];
  const weights: number[] = [];
  const blockOf = new Uint32Array(rising.length);
  for (let index = 0; index < rising.length; index++) {
    if (lastOfTie[order.length - 1 - index] === 1) {
      values.push(0);
      weights.push(0);
    }
    const block = values.length - 1;
    blockOf[index] = block;
    values[block] = (values[block] as number) + (same[rising[index] as number] as number);
    weights[block] = (weights[block] as number) + 1;
  }
  const shares = Float64Array.from(values, (sum, block) => sum / (weights[block] as number));
  const posteriors = poolAdjacentViolators(shares, Float64Array.from(weights));
  const genuine = values.reduce((sum, value) => sum + value, 0);
  const priorLogOdds = Math.log(genuine / (same.length - genuine));
  const ratios = new Float64Array(same.length);
  for (let index = 0; index < rising.length; index++) {
    const posterior = posteriors[blockOf[index] as number] as number;
    ratios[rising[index] as number] = Math.log(posterior / (1 - posterior)) - priorLogOdds;
  }
  return costOf(ratios, same);
}

function costOf(ratios: Float64Array, same: Uint8Array): number {
  let genuineCost = 0;
  let impostorCost = 0;
  let genuine = 0;
  for (let index = 0; index < ratios.length; index++) {
    const ratio = ratios[index] as number;
    if (same[index] === 1) {
      genuine++;
      genuineCost += log1pExp(-ratio);
    } else impostorCost += log1pExp(ratio);
  }
  return (genuineCost / genuine + impostorCost / (ratios.length - genuine)) / (2 * Math.LN2);
}

/** `ln(1 + e^x)` without overflow; 0 at minus infinity. */
const log1pExp = (x: number): number => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)));
