import { heapBytes } from '../kernels.ts';

/** The heaps of assembly/top-k.ts. */
export interface Heaps {
  /** Takes the slot in where its score is among the best. NaN never is. */
  offer(heap: number, k: number, score: number, slot: number): void;
  /** Score that an offer has to exceed. */
  worst(heap: number, k: number): number;
}

export function createHeaps(buffer: ArrayBufferLike): Heaps {
  const f64 = new Float64Array(buffer);
  const u32 = new Uint32Array(buffer);
  const place = (scores: number, slots: number, at: number, score: number, slot: number) => {
    f64[scores + at] = score;
    u32[slots + at] = slot;
  };
  return {
    offer(heap, k, score, slot) {
      const scores = (heap + 8) / 8;
      const slots = (heap + 8 + 8 * k) / 4;
      const size = u32[heap / 4] as number;
      if (Number.isNaN(score)) return;
      let at = size;
      if (size < k) {
        u32[heap / 4] = size + 1;
        while (at > 0) {
          const parent = (at - 1) >> 1;
          if ((f64[scores + parent] as number) <= score) break;
          place(scores, slots, at, f64[scores + parent] as number, u32[slots + parent] as number);
          at = parent;
        }
      } else {
        if (!(score > (f64[scores] as number))) return;
        at = 0;
        for (let child = 1; child < k; child = 2 * at + 1) {
          if (child + 1 < k && (f64[scores + child + 1] as number) < (f64[scores + child] as number)) child++;
          if ((f64[scores + child] as number) >= score) break;
          place(scores, slots, at, f64[scores + child] as number, u32[slots + child] as number);
          at = child;
        }
      }
      place(scores, slots, at, score, slot);
    },
    worst: (heap, k) => ((u32[heap / 4] as number) < k ? Number.NEGATIVE_INFINITY : (f64[(heap + 8) / 8] as number)),
  };
}

export { heapBytes };
