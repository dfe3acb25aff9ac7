import { isLive, sumOf } from './lanes';
import { heapBytes, offer } from './top-k';

/** `-|q - r|²`. Rows and queries are float32[stride], stride a multiple of 8. */
export function scanEuclidean(
  rows: usize, live: usize, firstSlot: u32, count: i32, stride: i32,
  queries: usize, queryCount: i32, heaps: usize, k: i32,
): void {
  const bytes = <usize>stride << 2;
  const heapStep = heapBytes(k);
  for (let row = 0; row < count; row++) {
    if (!isLive(live, row)) continue;
    const r = rows + <usize>row * bytes;
    for (let q = 0; q < queryCount; q++)
      offer(heaps + <usize>q * heapStep, k, -squares(queries + <usize>q * bytes, r, bytes), firstSlot + row);
  }
}

/** `|a - b|²` of float32[bytes / 4]. */
// @ts-ignore: decorator
@inline
export function squares(a: usize, b: usize, bytes: usize): f64 {
  let s0 = f32x4.splat(0), s1 = s0;
  for (let o: usize = 0; o < bytes; o += 32) {
    const d0 = f32x4.sub(v128.load(a + o), v128.load(b + o));
    const d1 = f32x4.sub(v128.load(a + o, 16), v128.load(b + o, 16));
    s0 = f32x4.add(s0, f32x4.mul(d0, d0));
    s1 = f32x4.add(s1, f32x4.mul(d1, d1));
  }
  return sumOf(f32x4.add(s0, s1));
}
