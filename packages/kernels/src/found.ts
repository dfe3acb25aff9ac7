import type { Found } from './protocol.ts';

/** What a heap holds, best first; of two alike the lower slot first. */
export function readHeap(memory: WebAssembly.Memory, heap: number, k: number): Found {
  const [size = 0] = new Uint32Array(memory.buffer, heap, 1);
  const scores = new Float64Array(memory.buffer, heap + 8, size);
  const slots = new Uint32Array(memory.buffer, heap + 8 + 8 * k, size);
  return sorted(scores, slots, k);
}

/** The best `k` of several. */
export function mergeFound(parts: readonly Found[], k: number): Found {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  const length = parts.reduce((sum, { slots }) => sum + slots.length, 0);
  const scores = new Float64Array(length);
  const slots = new Uint32Array(length);
  let at = 0;
  for (const part of parts) {
    scores.set(part.scores, at);
    slots.set(part.slots, at);
    at += part.slots.length;
  }
  return sorted(scores, slots, k);
}

function sorted(scores: Float64Array, slots: Uint32Array, k: number): Found {
  const order = Uint32Array.from(slots, (_, at) => at).sort(
    (a, b) => (scores[b] as number) - (scores[a] as number) || (slots[a] as number) - (slots[b] as number),
  );
  const best = order.subarray(0, k);
  return {
    scores: Float64Array.from(best, (at) => scores[at] as number),
    slots: Uint32Array.from(best, (at) => slots[at] as number),
  };
}
