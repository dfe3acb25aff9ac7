import { eerOf, rankTrials, rocOf } from './roc.ts';
import { countOf, type Trials } from './trials.ts';

export interface DiscardPoint {
  /** Share of pairs left out, the most uncertain first. */
  readonly discarded: number;
  /** Equal error rate of the rest; null where it holds one class only. */
  readonly eer: number | null;
}

/**
 * Error against discard (Grother and Tabassi 2007): what is gained by leaving out the pairs of which least is known.
 * `uncertainties`: one a pair, higher is worse. A useless uncertainty gives a flat line.
 */
export function errorVersusDiscard(
  trials: Trials,
  uncertainties: Float64Array,
  shares: readonly number[] = [0, 0.1, 0.2, 0.3, 0.4, 0.5],
): DiscardPoint[] {
  const order = Uint32Array.from(uncertainties.keys()).sort(
    (a, b) => (uncertainties[a] as number) - (uncertainties[b] as number),
  );
  return shares.map((discarded) => {
    const kept = order.subarray(0, Math.round(order.length * (1 - discarded)));
    const rest = pick(trials, kept);
    const mixed = countOf(rest.same, 0) > 0 && countOf(rest.same, 1) > 0;
    return { discarded, eer: mixed ? eerOf(rocOf(rankTrials(rest))) : null };
  });
}

/** The trials at some positions. */
export function pick({ scores, same, left, right }: Trials, positions: Uint32Array | Int32Array): Trials {
  const at = <T extends Float64Array | Int32Array | Uint8Array>(values: T, out: T): T => {
    for (let index = 0; index < positions.length; index++) out[index] = values[positions[index] as number] as number;
    return out;
  };
  const count = positions.length;
  return {
    scores: at(scores, new Float64Array(count)),
    same: at(same, new Uint8Array(count)),
    left: at(left, new Int32Array(count)),
    right: at(right, new Int32Array(count)),
  };
}
