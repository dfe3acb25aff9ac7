/**
 * The scans over rows in one memory: WebAssembly with SIMD (`assembly/`, where each is described), or plain TypeScript
 * with the same answers. All numbers are addresses and counts; every address is a multiple of 16.
 */
export interface Kernels {
  scanDot(
    rows: number,
    live: number,
    bias: number,
    scale: number,
    firstSlot: number,
    count: number,
    stride: number,
    queries: number,
    queryCount: number,
    heaps: number,
    k: number,
  ): void;
  scanEuclidean(
    rows: number,
    live: number,
    firstSlot: number,
    count: number,
    stride: number,
    queries: number,
    queryCount: number,
    heaps: number,
    k: number,
  ): void;
  scanMls(
    means: number,
    variances: number,
    live: number,
    firstSlot: number,
    count: number,
    stride: number,
    queries: number,
    queryCount: number,
    constants: number,
    factor: number,
    heaps: number,
    k: number,
  ): void;
  scanMlsScalar(
    means: number,
    variances: number,
    live: number,
    firstSlot: number,
    count: number,
    stride: number,
    dimension: number,
    queries: number,
    queryVariances: number,
    queryCount: number,
    constants: number,
    factor: number,
    heaps: number,
    k: number,
  ): void;
  scanMlsLlr(
    means: number,
    variances: number,
    scalar: boolean,
    live: number,
    bias: number,
    firstSlot: number,
    count: number,
    stride: number,
    queries: number,
    queryCount: number,
    constants: number,
    factor: number,
    heaps: number,
    k: number,
  ): void;
  biasMlsLlr(
    means: number,
    variances: number,
    scalar: boolean,
    count: number,
    stride: number,
    padding: number,
    population: number,
    factor: number,
    constant: number,
    out: number,
  ): void;
  project(
    rows: number,
    count: number,
    stride: number,
    matrix: number,
    offset: number,
    outputs: number,
    outStride: number,
    out: number,
  ): void;
  encode(
    means: number,
    variances: number,
    kind: number,
    count: number,
    stride: number,
    dimension: number,
    parameters: number,
    blocks: number,
    firstRow: number,
  ): void;
  scanCodes(
    blocks: number,
    live: number,
    firstSlot: number,
    count: number,
    pairs: number,
    tables: number,
    queryCount: number,
    units: number,
    moving: boolean,
    heaps: number,
    k: number,
    nearestK: number,
    margin: number,
    scores: number,
  ): void;
}

/** Bytes of one heap: u32 size, u32, f64[k] scores, u32[k] slots. */
export const heapBytes = (k: number): number => 8 + 8 * k + ((4 * k + 7) & ~7);
