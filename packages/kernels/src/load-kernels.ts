import { readFileSync } from 'node:fs';
import type { Kernels } from './kernels.ts';

export type KernelKind = 'simd' | 'plain';

/** `simd` where this machine can run the WebAssembly module, otherwise `plain`. */
export function availableKernels(): KernelKind {
  try {
    return compiled() ? 'simd' : 'plain';
  } catch {
    return 'plain';
  }
}

/** The module's kernels over one shared memory. */
export function loadKernels(memory: WebAssembly.Memory): Kernels {
  const abort = () => {
    throw new Error('[kernels] aborted');
  };
  return new WebAssembly.Instance(compiled(), { env: { memory, abort } }).exports as unknown as Kernels;
}

let kept: WebAssembly.Module | undefined;

function compiled(): WebAssembly.Module {
  kept ??= new WebAssembly.Module(readFileSync(new URL('../kernels.wasm', import.meta.url)));
  return kept;
}
