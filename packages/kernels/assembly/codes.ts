import { heapBytes, offer, worstOf } from './top-k';

/**
 * Rows of a byte a mean and half a byte a variance, sixteen rows a block. For every two dimensions a block has 48 bytes:
 * i8[8, 2] means of rows 0 to 7, i8[8, 2] of rows 8 to 15, u8[16] variances: a row's code of the first dimension in the
 * low half, of the second in the high half. `pairs` is a multiple of 4.
 *
 * A chunk of `blocks` blocks has the first 32 pairs of all its blocks, then the next 32 pairs of all, and so on: most blocks
 * are left after the first, and memory is fast where it is read in order.
 */
const pairBytes: usize = 48;

// @ts-ignore: decorator
@inline
function interleaveLow(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

// @ts-ignore: decorator
@inline
function interleaveHigh(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/** Dimensions between two looks at a block, in pairs. */
const lookPairs: i32 = 32;

/** Address of the record of pair `pair`, a multiple of 32, of block `block`. */
// @ts-ignore: decorator
@inline
function recordAt(codes: usize, blocks: i32, block: i32, pair: i32, pairs: i32): usize {
  return codes + (<usize>blocks * pair + <usize>block * min(lookPairs, pairs - pair)) * pairBytes;
}

// @ts-ignore: decorator
@inline
function unitBytes(pairs: i32): usize {
  return 32 + (<usize>((pairs + lookPairs - 1) / lookPairs) << 3);
}

/**
 * Offers each row's `constant_q - (quadraticUnit Σ (w[c] (y - centre[c]))² / 256 + levelUnit Σ level[c])`. A query's table
 * holds for every pair of dimensions, 16 bytes each and indexed by code: centre of both, weight of both, level of both
 * (`table` below); weights are at most 63, levels at most 31. `units` is float64[queryCount, 4 + pairs / 32, rounded up]:
 * constant, quadraticUnit, levelUnit, margin, and for every 32 pairs how many times its cost so far a row has to cost in the
 * end, at least.
 *
 * Two heaps a query: `heaps` of `k`, the shortlist, and before each of them `nearest` of `nearestK`. A row cannot be among
 * what is wanted that is worse than the shortlist's worst, or by more than the margin than the nearest's worst: its block is
 * left as soon as that holds for all sixteen. `scores`: 64 bytes of the thread's own.
 *
 * `foreseen`: what `foreseeCodes` wrote, or 0; `foreseenStep` bytes from query to query. A block that was scanned is marked
 * there, and passed over by the next call.
 */
export function scanCodes(
  codes: usize, blocks: i32, live: usize, firstSlot: u32, from: i32, to: i32, pairs: i32,
  tables: usize, queryCount: i32, units: usize, moving: bool,
  heaps: usize, k: i32, nearestK: i32, scores: usize, foreseen: usize, foreseenStep: i32,
): void {
  const nearestBytes = heapBytes(nearestK);
  const heapStep = nearestBytes + heapBytes(k);
  for (let block = from; block < to; block++) {
    const rows = <i32>load<u16>(live + (<usize>block << 1));
    if (rows == 0) continue;
    for (let q = 0; q < queryCount; q++) {
      const nearest = heaps + <usize>q * heapStep;
      const shortlist = nearest + nearestBytes;
      const unit = units + <usize>q * unitBytes(pairs);
      const bound = max(worstOf(shortlist, k), worstOf(nearest, nearestK) - load<f64>(unit, 24));
      if (foreseen != 0) {
        const mark = foreseen + <usize>q * foreseenStep + (<usize>block << 2);
        if (<f64>load<f32>(mark) <= bound) continue;
        store<f32>(mark, <f32>-Infinity);
      }
      const table = tables + <usize>q * <usize>pairs * 96;
      if (moving) scoreBlock(codes, blocks, block, pairs, pairs, table, unit, bound, true, scores);
      else scoreBlock(codes, blocks, block, pairs, pairs, table, unit, bound, false, scores);
      for (let row = 0; row < 16; row++) {
        const score = <f64>load<f32>(scores + (<usize>row << 2));
        if (score <= bound || !((rows >> row) & 1)) continue;
        const slot = firstSlot + (block << 4) + row;
        offer(nearest, nearestK, score, slot);
        offer(shortlist, k, score, slot);
      }
    }
  }
}

/**
 * Writes to `foreseen` (float32 a block, `foreseenStep` bytes from query to query) what the best row of every block can
 * score as far as its first `depth` pairs tell, a multiple of 32, and offers blocks to `promising`, a heap of `promisingK` a
 * query whose slots are numbers of blocks: whoever scans those first knows soon what a row has to score.
 */
export function foreseeCodes(
  codes: usize, blocks: i32, live: usize, firstBlock: u32, count: i32, pairs: i32, depth: i32,
  tables: usize, queryCount: i32, units: usize, moving: bool,
  promising: usize, promisingK: i32, scores: usize, foreseen: usize, foreseenStep: i32,
): void {
  for (let block = 0; block < count; block++) {
    const empty = load<u16>(live + (<usize>block << 1)) == 0;
    for (let q = 0; q < queryCount; q++) {
      const mark = foreseen + <usize>q * foreseenStep + (<usize>block << 2);
      if (empty) {
        store<f32>(mark, <f32>-Infinity);
        continue;
      }
      const heap = promising + <usize>q * heapBytes(promisingK);
      const table = tables + <usize>q * <usize>pairs * 96;
      const unit = units + <usize>q * unitBytes(pairs);
      if (moving) scoreBlock(codes, blocks, block, pairs, depth, table, unit, -Infinity, true, scores);
      else scoreBlock(codes, blocks, block, pairs, depth, table, unit, -Infinity, false, scores);
      const best = f32x4.max(
        f32x4.max(v128.load(scores), v128.load(scores, 16)),
        f32x4.max(v128.load(scores, 32), v128.load(scores, 48)),
      );
      const score = max(
        max(f32x4.extract_lane(best, 0), f32x4.extract_lane(best, 1)),
        max(f32x4.extract_lane(best, 2), f32x4.extract_lane(best, 3)),
      );
      store<f32>(mark, score);
      offer(heap, promisingK, <f64>score, firstBlock + block);
    }
  }
}

/**
 * Per pair of dimensions: where `moving`, 16 bytes each of centre 0, centre 1, weight 0, weight 1, level 0, level 1;
 * otherwise the first 16 hold both centres alternating and the second 16 are not read. Ends before pair `depth`.
 */
// @ts-ignore: decorator
@inline
function scoreBlock(
  codes: usize, blocks: i32, block: i32, pairs: i32, depth: i32, table: usize, unit: usize, bound: f64, moving: bool,
  scores: usize,
): void {
  const low = i8x16.splat(15);
  const constant = f32x4.splat(<f32>load<f64>(unit));
  const quadraticUnit = f32x4.splat(<f32>load<f64>(unit, 8));
  const levelUnit = f32x4.splat(<f32>load<f64>(unit, 16));
  const limit = f32x4.splat(<f32>bound);
  let a0 = i32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
  let levels0 = i32x4.splat(0), levels1 = levels0;
  let t = table, least = unit + 32;
  let r0 = f32x4.splat(0), r1 = r0, r2 = r0, r3 = r0;
  for (let pair = 0; pair < depth; pair += lookPairs) {
    let y = recordAt(codes, blocks, block, pair, pairs);
    const look = y + <usize>min(lookPairs, pairs - pair) * pairBytes;
    while (y < look) {
      // 32 dimensions of at most (128 · 63)² fit in 31 bits, 8 levels of at most 31 in 8.
      const fits = min(y + 16 * pairBytes, look);
      let s0 = i32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      while (y < fits) {
        const stop = y + 4 * pairBytes;
        let level = i8x16.splat(0);
        for (; y < stop; y += pairBytes, t += 96) {
          const both = v128.load(y, 32);
          const c0 = v128.and(both, low), c1 = v128.and(i16x8.shr_u(both, 4), low);
          let centreA = v128.load(t), centreB = centreA;
          if (moving) {
            const m0 = i8x16.swizzle(centreA, c0), m1 = i8x16.swizzle(v128.load(t, 16), c1);
            centreA = interleaveLow(m0, m1);
            centreB = interleaveHigh(m0, m1);
          }
          const dA = i8x16.sub_sat_s(v128.load(y), centreA), dB = i8x16.sub_sat_s(v128.load(y, 16), centreB);
          const w0 = i8x16.swizzle(v128.load(t, 32), c0), w1 = i8x16.swizzle(v128.load(t, 48), c1);
          const wA = interleaveLow(w0, w1), wB = interleaveHigh(w0, w1);
          let e = i16x8.extmul_low_i8x16_s(dA, wA);
          s0 = i32x4.add(s0, i32x4.dot_i16x8_s(e, e));
          e = i16x8.extmul_high_i8x16_s(dA, wA);
          s1 = i32x4.add(s1, i32x4.dot_i16x8_s(e, e));
          e = i16x8.extmul_low_i8x16_s(dB, wB);
          s2 = i32x4.add(s2, i32x4.dot_i16x8_s(e, e));
          e = i16x8.extmul_high_i8x16_s(dB, wB);
          s3 = i32x4.add(s3, i32x4.dot_i16x8_s(e, e));
          level = i8x16.add(level, i8x16.add(i8x16.swizzle(v128.load(t, 64), c0), i8x16.swizzle(v128.load(t, 80), c1)));
        }
        levels0 = i16x8.add_sat_u(levels0, i16x8.extend_low_i8x16_u(level));
        levels1 = i16x8.add_sat_u(levels1, i16x8.extend_high_i8x16_u(level));
      }
      a0 = i32x4.add(a0, i32x4.shr_u(s0, 8));
      a1 = i32x4.add(a1, i32x4.shr_u(s1, 8));
      a2 = i32x4.add(a2, i32x4.shr_u(s2, 8));
      a3 = i32x4.add(a3, i32x4.shr_u(s3, 8));
    }
    const times = f32x4.splat(<f32>load<f64>(least));
    least += 8;
    const q = f32x4.mul(quadraticUnit, times), l = f32x4.mul(levelUnit, times);
    r0 = score(a0, i32x4.extend_low_i16x8_u(levels0), constant, q, l);
    r1 = score(a1, i32x4.extend_high_i16x8_u(levels0), constant, q, l);
    r2 = score(a2, i32x4.extend_low_i16x8_u(levels1), constant, q, l);
    r3 = score(a3, i32x4.extend_high_i16x8_u(levels1), constant, q, l);
    const best = f32x4.max(f32x4.max(r0, r1), f32x4.max(r2, r3));
    if (!v128.any_true(f32x4.gt(best, limit))) break;
  }
  v128.store(scores, r0);
  v128.store(scores, r1, 16);
  v128.store(scores, r2, 32);
  v128.store(scores, r3, 48);
}

// @ts-ignore: decorator
@inline
function score(quadratic: v128, levels: v128, constant: v128, quadraticUnit: v128, levelUnit: v128): v128 {
  return f32x4.sub(
    constant,
    f32x4.add(
      f32x4.mul(f32x4.convert_i32x4_s(quadratic), quadraticUnit),
      f32x4.mul(f32x4.convert_i32x4_u(levels), levelUnit),
    ),
  );
}

/**
 * Writes `count` rows from row `firstRow` of a chunk on. `parameters` is [2 pairs] of: f32 centre, f32 steps a
 * unit of the mean, i32 bits of the lowest variance, f32 codes a bit. Variances are coded by the bits of their float32,
 * which are nearly logarithms. `kind`: 0 no variance, 1 one a row, 2 one a dimension; a row's one variance takes the lower
 * and the higher code in turn, so that together they are nearer than either.
 */
export function encode(
  means: usize, variances: usize, kind: i32, count: i32, stride: i32, dimension: i32,
  parameters: usize, codes: usize, blocks: i32, firstRow: i32,
): void {
  const pairs = stride >> 1;
  for (let row = 0; row < count; row++) {
    const at = firstRow + row;
    const lane = at & 15;
    const mean = means + ((<usize>row * stride) << 2);
    const variance = variances + ((<usize>row * (kind == 1 ? 1 : stride)) << 2);
    const meanLane = (lane >> 3) * 16 + (lane & 7) * 2;
    let owed: f32 = 0;
    for (let d = 0; d < dimension; d++) {
      const parameter = parameters + ((<usize>d) << 4);
      const pair = d >> 1;
      const within = pair & (lookPairs - 1);
      const record = recordAt(codes, blocks, at >> 4, pair - within, pairs) + <usize>within * pairBytes;
      const steps = (load<f32>(mean + (<usize>d << 2)) - load<f32>(parameter)) * load<f32>(parameter, 4);
      store<i8>(record + meanLane + (d & 1), <i8>(<i32>nearest(max<f32>(-127, min<f32>(127, steps)))));
      if (kind == 0) continue;
      const bits = load<i32>(variance + (kind == 1 ? 0 : <usize>d << 2)) - load<i32>(parameter, 8);
      const wanted = max<f32>(0, min<f32>(15, <f32>bits * load<f32>(parameter, 12)));
      const code = max<f32>(0, min<f32>(15, nearest(wanted + owed)));
      if (kind == 1) owed += wanted - code;
      const both = load<u8>(record + 32 + lane);
      store<u8>(record + 32 + lane, d & 1 ? (both & 15) | (<u8>code << 4) : (both & 0xf0) | <u8>code);
    }
  }
}
