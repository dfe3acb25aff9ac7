import { isLive, sumOf } from './lanes';
import { heapBytes, offer } from './top-k';

/**
 * `(q·r + bias_r) scale_r`. Rows and queries are float32[stride], stride a multiple of 8; `bias` and `scale` are
 * float64 a row, or 0 for none.
 */
export function scanDot(
  rows: usize, live: usize, bias: usize, scale: usize, firstSlot: u32, count: i32, stride: i32,
  queries: usize, queryCount: i32, heaps: usize, k: i32,
): void {
  const bytes = <usize>stride << 2;
  const heapStep = heapBytes(k);
  for (let row = 0; row < count; row++) {
    if (!isLive(live, row)) continue;
    const r = rows + <usize>row * bytes;
    const plus = bias == 0 ? 0 : load<f64>(bias + (<usize>row << 3));
    const times = scale == 0 ? 1 : load<f64>(scale + (<usize>row << 3));
    let q = 0;
    for (; q + 4 <= queryCount; q += 4) {
      const at = queries + <usize>q * bytes;
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      for (let o: usize = 0; o < bytes; o += 16) {
        const values = v128.load(r + o);
        const p = at + o;
        s0 = f32x4.add(s0, f32x4.mul(values, v128.load(p)));
        s1 = f32x4.add(s1, f32x4.mul(values, v128.load(p + bytes)));
        s2 = f32x4.add(s2, f32x4.mul(values, v128.load(p + 2 * bytes)));
        s3 = f32x4.add(s3, f32x4.mul(values, v128.load(p + 3 * bytes)));
      }
      const heap = heaps + <usize>q * heapStep;
      const slot = firstSlot + row;
      offer(heap, k, (sumOf(s0) + plus) * times, slot);
      offer(heap + heapStep, k, (sumOf(s1) + plus) * times, slot);
      offer(heap + 2 * heapStep, k, (sumOf(s2) + plus) * times, slot);
      offer(heap + 3 * heapStep, k, (sumOf(s3) + plus) * times, slot);
    }
    for (; q < queryCount; q++)
      offer(heaps + <usize>q * heapStep, k, (dot(queries + <usize>q * bytes, r, bytes) + plus) * times, firstSlot + row);
  }
}

// @ts-ignore: decorator
@inline
function dot(a: usize, b: usize, bytes: usize): f64 {
  let s0 = f32x4.splat(0), s1 = s0;
  for (let o: usize = 0; o < bytes; o += 32) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a + o), v128.load(b + o)));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a + o, 16), v128.load(b + o, 16)));
  }
  return sumOf(f32x4.add(s0, s1));
}
