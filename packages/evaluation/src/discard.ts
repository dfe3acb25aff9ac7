import { eerOf, rankTrials, rocOf } from './roc.ts';
import { invalid, type Trials } from './trials.ts';

export interface DiscardPoint {
  /** Share of pairs left out, the most uncertain first. */
  readonly discarded: number;
  /** Equal error rate of the rest; null where it holds one class only. */
  readonly eer: number | null;
  /** Share of the rest's genuine pairs below the fixed threshold; null without one, or without genuine pairs. */
  readonly fnmr: number | null;
}

/**
 * Error against discard (Grother and Tabassi 2007): what is gained by leaving out the pairs of which least is known.
 * `uncertainties`: one a pair, finite, higher is worse; pairs of one uncertainty are left out in part, each by the same
 * share. A useless uncertainty gives a flat line. `threshold`: a score, fixed beforehand, at which FNMR is counted.
 */
export function errorVersusDiscard(
  trials: Trials,
  uncertainties: Float64Array,
  shares: readonly number[] = [0, 0.1, 0.2, 0.3, 0.4, 0.5],
  threshold?: number,
): DiscardPoint[] {
  checkUncertainties(trials, uncertainties);
  const ranking = rankTrials(trials);
  const order = Uint32Array.from(uncertainties.keys()).sort(
    (a, b) => (uncertainties[a] as number) - (uncertainties[b] as number),
  );
  return shares.map((discarded) => {
    if (!(discarded >= 0 && discarded < 1))
      throw invalid(`a share of ${discarded} cannot be left out; 0 to below 1 can`, 'shares');
    const kept = keptWeights(order, uncertainties, (1 - discarded) * order.length);
    const roc = rocOf(ranking, kept);
    const eer = eerOf(roc);
    const fnmr = threshold === undefined ? Number.NaN : fnmrAt(trials, kept, threshold);
    return { discarded, eer: numberOrNull(eer), fnmr: numberOrNull(fnmr) };
  });
}

/**
 * Area under the curve divided by the width of its shares: the mean error over them, to be compared with the error of
 * nothing discarded. Null where a point is.
 */
export function discardArea(points: readonly DiscardPoint[], error: 'eer' | 'fnmr' = 'eer'): number | null {
  if (points.length < 2) throw invalid('an area needs two shares or more', 'shares');
  const sorted = points.toSorted((a, b) => a.discarded - b.discarded);
  let area = 0;
  for (const [index, point] of sorted.entries()) {
    const before = sorted[index - 1];
    const [from, to] = [before?.[error] ?? null, point[error]];
    if (to === null) return null;
    if (before && from !== null) area += ((point.discarded - before.discarded) * (from + to)) / 2;
  }
  const width = (sorted.at(-1)?.discarded ?? 0) - (sorted[0]?.discarded ?? 0);
  if (width === 0) throw invalid('an area needs two different shares', 'shares');
  return area / width;
}

/** What of each pair is kept, 0 to 1, where `room` pairs are: all of the surest, a part of those that tie at the edge. */
function keptWeights(order: Uint32Array, uncertainties: Float64Array, room: number): Float64Array {
  const kept = new Float64Array(order.length);
  let left = room;
  for (let first = 0; first < order.length && left > 0; ) {
    let end = first + 1;
    const value = uncertainties[order[first] as number];
    while (end < order.length && uncertainties[order[end] as number] === value) end++;
    const share = Math.min(1, left / (end - first));
    for (let index = first; index < end; index++) kept[order[index] as number] = share;
    left -= end - first;
    first = end;
  }
  return kept;
}

function fnmrAt({ scores, same }: Trials, kept: Float64Array, threshold: number): number {
  let genuine = 0;
  let missed = 0;
  for (let row = 0; row < scores.length; row++) {
    if (same[row] === 0) continue;
    genuine += kept[row] as number;
    if ((scores[row] as number) < threshold) missed += kept[row] as number;
  }
  return missed / genuine;
}

function checkUncertainties({ scores }: Trials, uncertainties: Float64Array): void {
  if (uncertainties.length !== scores.length)
    throw invalid(
      `there are ${uncertainties.length} uncertainties for ${scores.length} pairs; give one a pair`,
      'uncertainties',
    );
  const bad = uncertainties.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw invalid(
      `uncertainty ${bad} is ${uncertainties[bad]}; leave the pair out or find out why`,
      `uncertainties[${bad}]`,
    );
}

const numberOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
