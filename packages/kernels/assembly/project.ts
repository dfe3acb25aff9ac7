import { sumOf } from './lanes';

/** `out[row, p] = matrix[p] · row - offset[p]`: float32 rows of `stride`, `outStride` and `stride` values, multiples of 8. */
export function project(
  rows: usize, count: i32, stride: i32, matrix: usize, offset: usize, outputs: i32, outStride: i32, out: usize,
): void {
  const bytes = <usize>stride << 2;
  for (let row = 0; row < count; row++) {
    const r = rows + <usize>row * bytes;
    const o = out + ((<usize>row * outStride) << 2);
    for (let p = 0; p < outputs; p++) {
      const m = matrix + <usize>p * bytes;
      let s0 = f32x4.splat(0), s1 = s0;
      for (let at: usize = 0; at < bytes; at += 32) {
        s0 = f32x4.add(s0, f32x4.mul(v128.load(r + at), v128.load(m + at)));
        s1 = f32x4.add(s1, f32x4.mul(v128.load(r + at, 16), v128.load(m + at, 16)));
      }
      const sum = sumOf(f32x4.add(s0, s1)) - <f64>load<f32>(offset + (<usize>p << 2));
      store<f32>(o + (<usize>p << 2), <f32>sum);
    }
  }
}
