import type { Trials } from '../trials.ts';

/** Trials of given scores; genuine pairs are of subject 0 unless said otherwise, impostors of 0 and 1. */
export function trialsOf(scores: readonly number[], same: readonly number[]): Trials {
  return {
    scores: Float64Array.from(scores),
    same: Uint8Array.from(same),
    left: new Int32Array(scores.length),
    right: Int32Array.from(same, (label) => (label === 1 ? 0 : 1)),
  };
}
