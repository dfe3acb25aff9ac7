import { poolAdjacentViolators } from './pav.ts';
import { type Roc, rankTrials, rocOf } from './roc.ts';
import { checkTrials, type Trials } from './trials.ts';

/**
 * Cost of log-likelihood ratios, in bits (Brümmer and du Preez, Application-independent evaluation of speaker
 * detection, 2006): 0 is perfect, 1 is what no information costs. The scores are ratios in nats. `weights`: how often
 * each trial counts; default once.
 */
export function cllrOf(trials: Trials, weights?: Float64Array): number {
  checkTrials(trials);
  const { scores, same } = trials;
  let genuineCost = 0;
  let impostorCost = 0;
  let genuine = 0;
  let impostor = 0;
  for (let row = 0; row < scores.length; row++) {
    const weight = weights ? (weights[row] as number) : 1;
    const ratio = scores[row] as number;
    if (same[row] === 1) {
      genuine += weight;
      genuineCost += weight * log1pExp(-ratio);
    } else {
      impostor += weight;
      impostorCost += weight * log1pExp(ratio);
    }
  }
  return (genuineCost / genuine + impostorCost / impostor) / (2 * Math.LN2);
}

/** The least Cllr that any monotone calibration of the scores could have: what is lost by discrimination alone. */
export const minCllrOf = (trials: Trials): number => minCllrOfRoc(rocOf(rankTrials(trials)));

/** What is lost by calibration alone, bits: Cllr - minCllr, 0 or more. */
export const calibrationLossOf = (trials: Trials): number => cllrOf(trials) - minCllrOf(trials);

/**
 * `minCllrOf` of a curve: pool adjacent violators makes its steps convex, and the slope of each is the ratio that its
 * trials deserve. Trials of one score are one step: no calibration can tell them apart.
 */
export function minCllrOfRoc({ far, tar }: Roc): number {
  const shares = new Float64Array(far.length - 1);
  const weights = new Float64Array(far.length - 1);
  let steps = 0;
  // By rising score, so that the share of genuine pairs should rise.
  for (let point = far.length - 1; point > 0; point--) {
    const genuine = (tar[point] as number) - (tar[point - 1] as number);
    const weight = genuine + (far[point] as number) - (far[point - 1] as number);
    // In a draw, not every step has trials.
    if (weight === 0) continue;
    shares[steps] = genuine / weight;
    weights[steps] = weight;
    steps++;
  }
  const posteriors = poolAdjacentViolators(shares.subarray(0, steps), weights.subarray(0, steps));
  let cost = 0;
  for (let step = 0; step < steps; step++) cost += (weights[step] as number) * entropy(posteriors[step] as number);
  return cost / 2;
}

/** Of a share, bits. */
function entropy(share: number): number {
  if (share <= 0 || share >= 1) return 0;
  return -(share * Math.log2(share) + (1 - share) * Math.log2(1 - share));
}

/** `ln(1 + e^x)` without overflow; 0 at minus infinity. */
export const log1pExp = (x: number): number => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)));
