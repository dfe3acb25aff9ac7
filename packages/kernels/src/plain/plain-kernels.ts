import type { Kernels } from '../kernels.ts';
import { createPlainCodes } from './codes.ts';
import { createHeaps, heapBytes } from './heap.ts';

/**
 * The kernels in TypeScript and float64: for machines without WebAssembly SIMD, and for values that float32 lanes cannot
 * take.
 */
export function createPlainKernels({ buffer }: WebAssembly.Memory): Kernels {
  const f32 = new Float32Array(buffer);
  const f64 = new Float64Array(buffer);
  const u8 = new Uint8Array(buffer);
  const { offer } = createHeaps(buffer);

  /** Offers `score(row, query)` of every row that lives to every query's heap. */
  const scan = (
    { live, firstSlot, count, queryCount, heaps, k }: Scope,
    score: (row: number, query: number) => number,
  ): void => {
    const step = heapBytes(k);
    for (let row = 0; row < count; row++) {
      if ((((u8[live + (row >> 3)] as number) >> (row & 7)) & 1) === 0) continue;
      for (let q = 0; q < queryCount; q++) offer(heaps + q * step, k, score(row, q), firstSlot + row);
    }
  };
  const dot = (a: number, b: number, length: number) => {
    let sum = 0;
    for (let d = 0; d < length; d++) sum += (f32[a + d] as number) * (f32[b + d] as number);
    return sum;
  };
  const squares = (a: number, b: number, length: number) => {
    let sum = 0;
    for (let d = 0; d < length; d++) sum += ((f32[a + d] as number) - (f32[b + d] as number)) ** 2;
    return sum;
  };

  return {
    scanDot(rows, live, bias, scale, firstSlot, count, stride, queries, queryCount, heaps, k) {
      scan({ live, firstSlot, count, queryCount, heaps, k }, (row, q) => {
        const plus = bias === 0 ? 0 : (f64[bias / 8 + row] as number);
        const times = scale === 0 ? 1 : (f64[scale / 8 + row] as number);
        return (dot(queries / 4 + q * stride, rows / 4 + row * stride, stride) + plus) * times;
      });
    },
    scanEuclidean(rows, live, firstSlot, count, stride, queries, queryCount, heaps, k) {
      scan(
        { live, firstSlot, count, queryCount, heaps, k },
        (row, q) => -squares(queries / 4 + q * stride, rows / 4 + row * stride, stride),
      );
    },
    scanMls(means, variances, live, firstSlot, count, stride, queries, queryCount, constants, factor, heaps, k) {
      scan({ live, firstSlot, count, queryCount, heaps, k }, (row, q) => {
        let quadratic = 0;
        let logarithms = 0;
        for (let d = 0; d < stride; d++) {
          const query = queries / 4 + q * stride * 2 + interleaved(d, 2);
          const s = (f32[query + 4] as number) + (f32[variances / 4 + row * stride + d] as number);
          quadratic += ((f32[query] as number) - (f32[means / 4 + row * stride + d] as number)) ** 2 / s;
          logarithms += Math.log(s);
        }
        return (f64[constants / 8 + q] as number) - 0.5 * (factor * quadratic + logarithms);
      });
    },
    scanMlsScalar(
      means,
      variances,
      live,
      firstSlot,
      count,
      stride,
      dimension,
      queries,
      queryVariances,
      queryCount,
      constants,
      factor,
      heaps,
      k,
    ) {
      scan({ live, firstSlot, count, queryCount, heaps, k }, (row, q) => {
        const variance = f32[variances / 4 + row] as number;
        const mean = means / 4 + row * stride;
        let cost = 0;
        if (queryVariances !== 0) {
          const s = variance + (f32[queryVariances / 4 + q] as number);
          cost = (factor * squares(queries / 4 + q * stride, mean, stride)) / s + dimension * Math.log(s);
        } else
          for (let d = 0; d < dimension; d++) {
            const query = queries / 4 + q * stride * 2 + interleaved(d, 2);
            const s = (f32[query + 4] as number) + variance;
            cost += (factor * ((f32[query] as number) - (f32[mean + d] as number)) ** 2) / s + Math.log(s);
          }
        return (f64[constants / 8 + q] as number) - 0.5 * cost;
      });
    },
    scanMlsLlr(
      means,
      variances,
      scalar,
      live,
      bias,
      firstSlot,
      count,
      stride,
      queries,
      queryCount,
      constants,
      factor,
      heaps,
      k,
    ) {
      scan({ live, firstSlot, count, queryCount, heaps, k }, (row, q) => {
        let quadratic = 0;
        let logarithms = 0;
        for (let d = 0; d < stride; d++) {
          const query = queries / 4 + q * stride * 7 + interleaved(d, 7);
          const part = (index: number) => f32[query + 4 * index] as number;
          const v2 = f32[variances / 4 + (scalar ? row : row * stride + d)] as number;
          const y = (f32[means / 4 + row * stride + d] as number) - part(6);
          const det = v2 * part(4) + part(3);
          quadratic += (part(5) * (part(0) - y) ** 2 + v2 * part(1) + part(2) * y * y) / det;
          logarithms += Math.log(det);
        }
        const alone = (f64[constants / 8 + q] as number) + (f64[bias / 8 + row] as number);
        return alone - 0.5 * (factor * quadratic + logarithms);
      });
    },
    biasMlsLlr(means, variances, scalar, count, stride, padding, population, factor, constant, out) {
      for (let row = 0; row < count; row++) {
        let cost = 0;
        for (let d = 0; d < stride - padding; d++) {
          const at = population / 4 + interleaved(d, 2);
          const y = (f32[means / 4 + row * stride + d] as number) - (f32[at] as number);
          const p = (f32[at + 4] as number) + (f32[variances / 4 + (scalar ? row : row * stride + d)] as number);
          cost += (factor * y * y) / p + Math.log(p);
        }
        f64[out / 8 + row] = constant + 0.5 * cost;
      }
    },
    project(rows, count, stride, matrix, offset, outputs, outStride, out) {
      for (let row = 0; row < count; row++)
        for (let p = 0; p < outputs; p++)
          f32[out / 4 + row * outStride + p] =
            dot(rows / 4 + row * stride, matrix / 4 + p * stride, stride) - (f32[offset / 4 + p] as number);
    },
    ...createPlainCodes(buffer),
  };
}

interface Scope {
  readonly live: number;
  readonly firstSlot: number;
  readonly count: number;
  readonly queryCount: number;
  readonly heaps: number;
  readonly k: number;
}

/** Where four dimensions have `parts` vectors of four. */
const interleaved = (d: number, parts: number): number => (d >> 2) * 4 * parts + (d & 3);
