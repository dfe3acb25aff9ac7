import type { Kernels } from '../kernels.ts';
import { createHeaps, heapBytes } from './heap.ts';

const pairBytes = 48;
const lookPairs = 32;

/** Address of a pair's record. */
function recordAt(codes: number, blocks: number, block: number, pair: number, pairs: number): number {
  const within = pair % lookPairs;
  const first = pair - within;
  return codes + (blocks * first + block * Math.min(lookPairs, pairs - first) + within) * pairBytes;
}

/** As in assembly/codes.ts, but for blocks that are left early: nothing is foreseen. */
export function createPlainCodes(buffer: ArrayBufferLike): Pick<Kernels, 'scanCodes' | 'foreseeCodes' | 'encode'> {
  const f32 = new Float32Array(buffer);
  const f64 = new Float64Array(buffer);
  const i32 = new Int32Array(buffer);
  const u8 = new Uint8Array(buffer);
  const i8 = new Int8Array(buffer);
  const { offer, worst } = createHeaps(buffer);

  const scoreOf = (
    recordOf: (pair: number) => number,
    lane: number,
    pairs: number,
    table: number,
    unit: number,
    moving: boolean,
  ) => {
    let quadratic = 0;
    let levels = 0;
    for (let pair = 0; pair < pairs; pair++) {
      const record = recordOf(pair);
      const entry = table + pair * 96;
      const both = u8[record + 32 + lane] as number;
      for (let odd = 0; odd < 2; odd++) {
        const code = odd === 0 ? both & 15 : both >> 4;
        const centre = i8[entry + (moving ? odd * 16 + code : odd)] as number;
        const mean = i8[record + (lane >> 3) * 16 + (lane & 7) * 2 + odd] as number;
        const difference = Math.max(-128, Math.min(127, mean - centre));
        quadratic += ((u8[entry + 32 + odd * 16 + code] as number) * difference) ** 2;
        levels += u8[entry + 64 + odd * 16 + code] as number;
      }
    }
    const [constant = 0, quadraticUnit = 0, levelUnit = 0] = f64.subarray(unit / 8, unit / 8 + 3);
    return constant - (quadraticUnit * quadratic) / 256 - levelUnit * levels;
  };

  return {
    scanCodes(codes, blocks, live, firstSlot, from, to, pairs, tables, queryCount, units, moving, heaps, k, nearestK) {
      const nearestBytes = heapBytes(nearestK);
      for (let row = 16 * from; row < 16 * to; row++) {
        if ((((u8[live + (row >> 3)] as number) >> (row & 7)) & 1) === 0) continue;
        const recordOf = (pair: number) => recordAt(codes, blocks, row >> 4, pair, pairs);
        for (let q = 0; q < queryCount; q++) {
          const nearest = heaps + q * (nearestBytes + heapBytes(k));
          const shortlist = nearest + nearestBytes;
          const unit = units + q * (32 + 8 * Math.ceil(pairs / 32));
          const score = scoreOf(recordOf, row & 15, pairs, tables + q * pairs * 96, unit, moving);
          if (score <= Math.max(worst(shortlist, k), worst(nearest, nearestK) - (f64[unit / 8 + 3] as number)))
            continue;
          offer(nearest, nearestK, score, firstSlot + row);
          offer(shortlist, k, score, firstSlot + row);
        }
      }
    },
    foreseeCodes() {},
    encode(means, variances, kind, count, stride, dimension, parameters, codes, blocks, firstRow) {
      const pairs = stride / 2;
      for (let row = 0; row < count; row++) {
        const at = firstRow + row;
        const lane = at & 15;
        let owed = 0;
        for (let d = 0; d < dimension; d++) {
          const parameter = parameters / 4 + 4 * d;
          const record = recordAt(codes, blocks, at >> 4, d >> 1, pairs);
          const mean = f32[means / 4 + row * stride + d] as number;
          const steps = (mean - (f32[parameter] as number)) * (f32[parameter + 1] as number);
          const rounded = Math.round(Math.max(-127, Math.min(127, steps)));
          i8[record + (lane >> 3) * 16 + (lane & 7) * 2 + (d & 1)] = rounded;
          if (kind === 0) continue;
          const bits =
            (i32[variances / 4 + (kind === 1 ? row : row * stride + d)] as number) - (i32[parameter + 2] as number);
          const wanted = Math.max(0, Math.min(15, bits * (f32[parameter + 3] as number)));
          const code = Math.max(0, Math.min(15, Math.round(wanted + owed)));
          if (kind === 1) owed += wanted - code;
          const both = u8[record + 32 + lane] as number;
          u8[record + 32 + lane] = d & 1 ? (both & 15) | (code << 4) : (both & 0xf0) | code;
        }
      }
    },
  };
}
