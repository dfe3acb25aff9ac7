import { squares } from './euclidean';
import { exponentsOf, isLive, logarithmOf, mantissasOf, sumOf } from './lanes';
import { heapBytes, offer } from './top-k';

/** Bytes of a row between two looks at the exponents: 8 dimensions a lane, so that products of 2^±15 stay normal. */
const groupBytes: usize = 128;

/**
 * `constant_q - 1/2 (factor Σ (q - r)² / s + Σ ln s)`, `s` being the sum of both variances. A query is float32[stride / 4,
 * 2, 4]: four means, then their four variances, and so on; stride is a multiple of 8. `constants` is float64 a query.
 * Every `s` is in 2^±15.
 *
 * One division for four dimensions and no logarithm: products of `s` are multiplied up in the lanes, exponents summed as
 * integers whenever a product could leave float32's range, and one logarithm is taken a pair.
 */
export function scanMls(
  means: usize, variances: usize, live: usize, firstSlot: u32, count: i32, stride: i32,
  queries: usize, queryCount: i32, constants: usize, factor: f64, heaps: usize, k: i32,
): void {
  const bytes = <usize>stride << 2;
  const heapStep = heapBytes(k);
  for (let row = 0; row < count; row++) {
    if (!isLive(live, row)) continue;
    const m = means + <usize>row * bytes;
    const v = variances + <usize>row * bytes;
    for (let q = 0; q < queryCount; q++) {
      const cost = diagonal(m, v, queries + <usize>q * 2 * bytes, bytes, factor);
      offer(heaps + <usize>q * heapStep, k, load<f64>(constants + (<usize>q << 3)) - 0.5 * cost, firstSlot + row);
    }
  }
}

// @ts-ignore: decorator
@inline
function diagonal(mean: usize, variance: usize, query: usize, bytes: usize, factor: f64): f64 {
  let m = mean, v = variance, q = query;
  const end = m + bytes;
  let quadratic = f32x4.splat(0), product = f32x4.splat(1), exponents = i32x4.splat(0);
  let times = 0;
  while (m < end) {
    const stop = min(m + groupBytes, end);
    for (; m < stop; m += 32, v += 32, q += 64) {
      const d0 = f32x4.sub(v128.load(q), v128.load(m));
      const s0 = f32x4.add(v128.load(q, 16), v128.load(v));
      const d1 = f32x4.sub(v128.load(q, 32), v128.load(m, 16));
      const s1 = f32x4.add(v128.load(q, 48), v128.load(v, 16));
      quadratic = f32x4.add(quadratic, f32x4.div(f32x4.mul(d0, d0), s0));
      quadratic = f32x4.add(quadratic, f32x4.div(f32x4.mul(d1, d1), s1));
      product = f32x4.mul(product, f32x4.mul(s0, s1));
    }
    exponents = i32x4.add(exponents, exponentsOf(product));
    product = mantissasOf(product);
    times++;
  }
  return factor * sumOf(quadratic) + logarithmOf(exponents, product, times);
}

/**
 * As `scanMls` with one variance a row, `variances` being float32[count]. `queryVariances`: float32 a query where each
 * query has one variance too, and the queries' own then are not read; otherwise 0. `dimension`: without padding.
 */
export function scanMlsScalar(
  means: usize, variances: usize, live: usize, firstSlot: u32, count: i32, stride: i32, dimension: i32,
  queries: usize, queryVariances: usize, queryCount: i32, constants: usize, factor: f64, heaps: usize, k: i32,
): void {
  const bytes = <usize>stride << 2;
  const heapStep = heapBytes(k);
  for (let row = 0; row < count; row++) {
    if (!isLive(live, row)) continue;
    const m = means + <usize>row * bytes;
    const variance = load<f32>(variances + (<usize>row << 2));
    for (let q = 0; q < queryCount; q++) {
      let cost: f64;
      if (queryVariances != 0) {
        const s = <f64>variance + <f64>load<f32>(queryVariances + (<usize>q << 2));
        cost = (factor * squares(queries + <usize>q * bytes, m, bytes)) / s + <f64>dimension * Math.log(s);
      } else {
        cost = oneVariance(m, variance, queries + <usize>q * 2 * bytes, bytes, dimension, factor);
      }
      offer(heaps + <usize>q * heapStep, k, load<f64>(constants + (<usize>q << 3)) - 0.5 * cost, firstSlot + row);
    }
  }
}

/** Padding has a query's variance of 1 here, and the row's own is added only to dimensions that are. */
// @ts-ignore: decorator
@inline
function oneVariance(mean: usize, variance: f32, query: usize, bytes: usize, dimension: i32, factor: f64): f64 {
  let m = mean, q = query;
  const whole = mean + ((<usize>dimension >> 2) << 4);
  const splat = f32x4.splat(variance);
  let quadratic = f32x4.splat(0), product = f32x4.splat(1), exponents = i32x4.splat(0);
  let times = 0;
  while (m < whole) {
    const stop = min(m + groupBytes, whole);
    for (; m < stop; m += 16, q += 32) {
      const d = f32x4.sub(v128.load(q), v128.load(m));
      const s = f32x4.add(v128.load(q, 16), splat);
      quadratic = f32x4.add(quadratic, f32x4.div(f32x4.mul(d, d), s));
      product = f32x4.mul(product, s);
    }
    exponents = i32x4.add(exponents, exponentsOf(product));
    product = mantissasOf(product);
    times++;
  }
  let cost = factor * sumOf(quadratic) + logarithmOf(exponents, product, times);
  for (let d = 0; d < (dimension & 3); d++) {
    const s = <f64>load<f32>(q + (<usize>d << 2), 16) + <f64>variance;
    const difference = <f64>load<f32>(q + (<usize>d << 2)) - <f64>load<f32>(m + (<usize>d << 2));
    cost += (factor * difference * difference) / s + Math.log(s);
  }
  return cost;
}
