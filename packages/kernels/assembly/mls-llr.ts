import { exponentsOf, isLive, logarithmOf, mantissasOf, sumOf } from './lanes';
import { heapBytes, offer } from './top-k';

/** 4 denominators a lane between two looks at the exponents: each is in 2^±30. */
const groupBytes: usize = 64;
const sumGroupBytes: usize = 128;

/**
 * `constant_q + bias_r - 1/2 (factor Σ [b (x - y)² + v2 x² + v1 y²] / det + Σ ln det)` with `det = b (v1 + v2) + v1 v2`,
 * x and y being query and row less the population's mean: the logarithm of both as one, and in `bias` (float64 a row,
 * `biasMlsLlr`) and `constants` (float64 a query) what each is by itself. A query is float32[stride / 4, 7, 4]: four each
 * of x, x², v1, b v1, b + v1, b, m. `scalar`: one variance a row. v1, v2 and b are in 2^±14.
 */
export function scanMlsLlr(
  means: usize, variances: usize, scalar: bool, live: usize, bias: usize, firstSlot: u32, count: i32, stride: i32,
  queries: usize, queryCount: i32, constants: usize, factor: f64, heaps: usize, k: i32,
): void {
  const bytes = <usize>stride << 2;
  const heapStep = heapBytes(k);
  for (let row = 0; row < count; row++) {
    if (!isLive(live, row)) continue;
    const m = means + <usize>row * bytes;
    const v = variances + <usize>row * (scalar ? 4 : bytes);
    const alone = load<f64>(bias + (<usize>row << 3));
    for (let q = 0; q < queryCount; q++) {
      const query = queries + <usize>q * 7 * bytes;
      const cost = scalar ? together(m, v, query, bytes, factor, true) : together(m, v, query, bytes, factor, false);
      const score = load<f64>(constants + (<usize>q << 3)) + alone - 0.5 * cost;
      offer(heaps + <usize>q * heapStep, k, score, firstSlot + row);
    }
  }
}

// @ts-ignore: decorator
@inline
function together(mean: usize, variance: usize, query: usize, bytes: usize, factor: f64, scalar: bool): f64 {
  let m = mean, v = variance, q = query;
  const end = m + bytes;
  const splat = scalar ? f32x4.splat(load<f32>(v)) : f32x4.splat(0);
  let quadratic = f32x4.splat(0), product = f32x4.splat(1), exponents = i32x4.splat(0);
  let times = 0;
  while (m < end) {
    const stop = min(m + groupBytes, end);
    for (; m < stop; m += 16, q += 112) {
      const row = v128.load(m);
      const v2 = scalar ? splat : v128.load(v);
      if (!scalar) v += 16;
      const x = v128.load(q);
      const y = f32x4.sub(row, v128.load(q, 96));
      const d = f32x4.sub(x, y);
      const numerator = f32x4.add(
        f32x4.mul(v128.load(q, 80), f32x4.mul(d, d)),
        f32x4.add(f32x4.mul(v2, v128.load(q, 16)), f32x4.mul(v128.load(q, 32), f32x4.mul(y, y))),
      );
      const det = f32x4.add(f32x4.mul(v2, v128.load(q, 64)), v128.load(q, 48));
      quadratic = f32x4.add(quadratic, f32x4.div(numerator, det));
      product = f32x4.mul(product, det);
    }
    exponents = i32x4.add(exponents, exponentsOf(product));
    product = mantissasOf(product);
    times++;
  }
  return factor * sumOf(quadratic) + logarithmOf(exponents, product, times);
}

/**
 * Writes `constant + 1/2 (factor Σ y² / p + Σ ln p)` with `p = b + v2` of each row to `out` (float64 a row).
 * `population` is float32[stride / 4, 2, 4]: four m, four b. `padding`: dimensions that are not.
 */
export function biasMlsLlr(
  means: usize, variances: usize, scalar: bool, count: i32, stride: i32, padding: i32,
  population: usize, factor: f64, constant: f64, out: usize,
): void {
  const bytes = <usize>stride << 2;
  for (let row = 0; row < count; row++) {
    const m = means + <usize>row * bytes;
    const v = variances + <usize>row * (scalar ? 4 : bytes);
    let cost = alone(m, v, population, bytes, factor, scalar);
    // Where there is one variance, padding has it too.
    if (scalar) cost -= <f64>padding * Math.log(<f64>load<f32>(v));
    store<f64>(out + (<usize>row << 3), constant + 0.5 * cost);
  }
}

function alone(mean: usize, variance: usize, population: usize, bytes: usize, factor: f64, scalar: bool): f64 {
  let m = mean, v = variance, q = population;
  const end = m + bytes;
  const splat = scalar ? f32x4.splat(load<f32>(v)) : f32x4.splat(0);
  let quadratic = f32x4.splat(0), product = f32x4.splat(1), exponents = i32x4.splat(0);
  let times = 0;
  while (m < end) {
    const stop = min(m + sumGroupBytes, end);
    for (; m < stop; m += 16, q += 32) {
      const y = f32x4.sub(v128.load(m), v128.load(q));
      const p = f32x4.add(v128.load(q, 16), scalar ? splat : v128.load(v));
      if (!scalar) v += 16;
      quadratic = f32x4.add(quadratic, f32x4.div(f32x4.mul(y, y), p));
      product = f32x4.mul(product, p);
    }
    exponents = i32x4.add(exponents, exponentsOf(product));
    product = mantissasOf(product);
    times++;
  }
  return factor * sumOf(quadratic) + logarithmOf(exponents, product, times);
}
