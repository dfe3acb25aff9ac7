import type { Kernels } from './kernels.ts';

/** One memory and the kernels that work in it. */
export interface Shard {
  readonly index: number;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  /** For values that float32 lanes cannot take. */
  readonly plain: Kernels;
}
