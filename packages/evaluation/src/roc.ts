import { checkTrials, type Trials } from './trials.ts';

/** Trials in the order in which a falling threshold lets them in; trials of one score come in together. */
export interface Ranking {
  readonly trials: Trials;
  /** Positions by falling score. */
  readonly order: Uint32Array;
  /** 1 where the next trial has another score: a threshold can lie here. */
  readonly lastOfTie: Uint8Array;
  /** Labels in that order. */
  readonly same: Uint8Array;
  /** +infinity, then the distinct scores, falling. */
  readonly thresholds: Float64Array;
}

/** Throws `invalid-argument` for trials that cannot be ranked (see `checkTrials`). */
export function rankTrials(trials: Trials): Ranking {
  checkTrials(trials);
  const { scores } = trials;
  const order = Uint32Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const lastOfTie = Uint8Array.from(order, (at, index) => (scores[at] === scores[order[index + 1] ?? -1] ? 0 : 1));
  const ends = order.filter((_, index) => lastOfTie[index] === 1);
  return {
    trials,
    order,
    lastOfTie,
    same: Uint8Array.from(order, (at) => trials.same[at] as number),
    thresholds: thresholdsOf(ends, scores),
  };
}

function thresholdsOf(ends: Uint32Array, scores: Float64Array): Float64Array {
  const thresholds = new Float64Array(ends.length + 1).fill(Number.POSITIVE_INFINITY, 0, 1);
  for (const [index, at] of ends.entries()) thresholds[index + 1] = scores[at] as number;
  return thresholds;
}

/** False match and true match rate at each threshold, from "nothing matches" to "everything does". */
export interface Roc {
  /** Falling; the first is +infinity. */
  readonly thresholds: Float64Array;
  /** Share of impostors at or above the threshold, rising from 0 to 1. */
  readonly far: Float64Array;
  /** Share of genuine pairs at or above the threshold, rising from 0 to 1. */
  readonly tar: Float64Array;
}

/** `weights`: how often each trial counts, by its position in the trials; default once. */
export function rocOf({ order, lastOfTie, same, thresholds }: Ranking, weights?: Float64Array): Roc {
  const points = thresholds.length;
  const far = new Float64Array(points);
  const tar = new Float64Array(points);
  let genuine = 0;
  let impostor = 0;
  let point = 1;
  for (let index = 0; index < order.length; index++) {
    const weight = weights ? (weights[order[index] as number] as number) : 1;
    if (same[index] === 1) genuine += weight;
    else impostor += weight;
    if (lastOfTie[index] === 0) continue;
    far[point] = impostor;
    tar[point] = genuine;
    point++;
  }
  for (let p = 0; p < points; p++) {
    far[p] = (far[p] as number) / impostor;
    tar[p] = (tar[p] as number) / genuine;
  }
  return { thresholds, far, tar };
}

/** Rate at which false matches and false non-matches are equally frequent, interpolated linearly between thresholds. */
export function eerOf({ far, tar }: Roc): number {
  const at = far.findIndex((rate, index) => rate >= 1 - (tar[index] as number));
  if (at <= 0) return far[0] ?? Number.NaN;
  const before = (far[at - 1] as number) - (1 - (tar[at - 1] as number));
  const after = (far[at] as number) - (1 - (tar[at] as number));
  const share = after === before ? 1 : -before / (after - before);
  return (far[at - 1] as number) + share * ((far[at] as number) - (far[at - 1] as number));
}

/** True match rate at the lowest threshold whose false match rate is at most `far`, and the rate reached there. */
export function tarAtFar(
  { far, tar, thresholds }: Roc,
  wanted: number,
): { readonly tar: number; readonly far: number; readonly threshold: number } {
  let low = 0;
  let high = far.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((far[middle] as number) <= wanted) low = middle + 1;
    else high = middle;
  }
  const at = Math.max(0, low - 1);
  return { tar: tar[at] ?? 0, far: far[at] ?? 0, threshold: thresholds[at] ?? Number.POSITIVE_INFINITY };
}

/** Impostor pairs without which a true match rate at `far` says nothing (rule of three). */
export const neededImpostors = (far: number): number => Math.ceil(3 / far);

/** Area under the curve: the probability that a genuine pair scores above an impostor, ties counting half. */
export function aucOf({ far, tar }: Roc): number {
  let area = 0;
  for (let p = 1; p < far.length; p++)
    area += (((far[p] as number) - (far[p - 1] as number)) * ((tar[p] as number) + (tar[p - 1] as number))) / 2;
  return area;
}

/** Best share of right decisions that one threshold reaches, each pair counting once, and that threshold. */
export function bestAccuracy(ranking: Ranking): { readonly accuracy: number; readonly threshold: number } {
  const { far, tar, thresholds } = rocOf(ranking);
  const { same } = ranking.trials;
  const genuine = same.reduce((sum, label) => sum + label, 0);
  let accuracy = 0;
  let threshold = Number.POSITIVE_INFINITY;
  for (let p = 0; p < far.length; p++) {
    const right = ((tar[p] as number) * genuine + (1 - (far[p] as number)) * (same.length - genuine)) / same.length;
    if (right <= accuracy) continue;
    accuracy = right;
    threshold = thresholds[p] as number;
  }
  return { accuracy, threshold };
}
