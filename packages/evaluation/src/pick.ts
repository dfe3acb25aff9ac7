import type { Trials } from './trials.ts';

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
