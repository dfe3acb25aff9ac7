/** Sum of the four lanes, in float64. */
// @ts-ignore: decorator
@inline
export function sumOf(v: v128): f64 {
  return (
    <f64>f32x4.extract_lane(v, 0) +
    <f64>f32x4.extract_lane(v, 1) +
    (<f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3))
  );
}

/** `bits >> 23` of each lane: its binary exponent, biased by 127. Lanes are normal and above zero. */
// @ts-ignore: decorator
@inline
export function exponentsOf(v: v128): v128 {
  return i32x4.shr_u(v, 23);
}

/** Each lane with its exponent taken away: 1 <= lane < 2. */
// @ts-ignore: decorator
@inline
export function mantissasOf(v: v128): v128 {
  return v128.or(v128.and(v, i32x4.splat(0x007fffff)), i32x4.splat(0x3f800000));
}

/** Logarithm of the product of what `exponents` (biased, `times` of them a lane) and `mantissas` were taken from. */
// @ts-ignore: decorator
@inline
export function logarithmOf(exponents: v128, mantissas: v128, times: i32): f64 {
  const sum =
    i32x4.extract_lane(exponents, 0) +
    i32x4.extract_lane(exponents, 1) +
    i32x4.extract_lane(exponents, 2) +
    i32x4.extract_lane(exponents, 3);
  const product =
    <f64>f32x4.extract_lane(mantissas, 0) *
    <f64>f32x4.extract_lane(mantissas, 1) *
    (<f64>f32x4.extract_lane(mantissas, 2) * <f64>f32x4.extract_lane(mantissas, 3));
  return <f64>(sum - 4 * 127 * times) * Math.LN2 + Math.log(product);
}

/** Whether row `row` may be found: one bit a row. */
// @ts-ignore: decorator
@inline
export function isLive(live: usize, row: i32): bool {
  return ((<i32>load<u8>(live + (row >> 3)) >> (row & 7)) & 1) != 0;
}
