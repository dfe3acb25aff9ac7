/**
 * The best `k` of what was offered, as a binary heap with the worst on top:
 * u32 size, u32 unused, f64[k] scores, u32[k] slots; the next heap begins at a multiple of 8 bytes.
 */
// @ts-ignore: decorator
@inline
export function heapBytes(k: i32): usize {
  return 8 + (<usize>k << 3) + (((<usize>k << 2) + 7) & ~7);
}

/** Score that an offer has to exceed; -Infinity while there is room. */
// @ts-ignore: decorator
@inline
export function worstOf(heap: usize, k: i32): f64 {
  return load<u32>(heap) < <u32>k ? -Infinity : load<f64>(heap, 8);
}

/** Takes `slot` in where its score is among the best. NaN never is. */
export function offer(heap: usize, k: i32, score: f64, slot: u32): void {
  const scores = heap + 8;
  const slots = scores + (<usize>k << 3);
  const size = load<i32>(heap);
  if (size < k) {
    if (score != score) return;
    store<i32>(heap, size + 1);
    siftUp(scores, slots, size, score, slot);
  } else if (score > load<f64>(scores)) siftDown(scores, slots, k, score, slot);
}

function siftUp(scores: usize, slots: usize, from: i32, score: f64, slot: u32): void {
  let at = from;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = load<f64>(scores + (<usize>parent << 3));
    if (above <= score) break;
    place(scores, slots, at, above, load<u32>(slots + (<usize>parent << 2)));
    at = parent;
  }
  place(scores, slots, at, score, slot);
}

function siftDown(scores: usize, slots: usize, size: i32, score: f64, slot: u32): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= size) break;
    if (child + 1 < size && load<f64>(scores + (<usize>(child + 1) << 3)) < load<f64>(scores + (<usize>child << 3)))
      child++;
    const below = load<f64>(scores + (<usize>child << 3));
    if (below >= score) break;
    place(scores, slots, at, below, load<u32>(slots + (<usize>child << 2)));
    at = child;
  }
  place(scores, slots, at, score, slot);
}

// @ts-ignore: decorator
@inline
function place(scores: usize, slots: usize, at: i32, score: f64, slot: u32): void {
  store<f64>(scores + (<usize>at << 3), score);
  store<u32>(slots + (<usize>at << 2), slot);
}
