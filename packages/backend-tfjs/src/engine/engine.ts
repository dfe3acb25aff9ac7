import type { loadGraphModel } from '@tensorflow/tfjs-converter';
import type * as core from '@tensorflow/tfjs-core';
import type { loadLayersModel } from '@tensorflow/tfjs-layers';

/** `native`: tfjs-node over libtensorflow. `wasm`: WebAssembly with SIMD, wherever Node runs. */
export type EngineKind = 'native' | 'wasm';

/** `auto`: native where it has been set up, else WebAssembly. */
export type EngineChoice = 'auto' | EngineKind;

/** What a thread computes with. */
export interface Engine {
  readonly kind: EngineKind;
  /** Library and versions, for people. */
  readonly description: string;
  readonly tf: Tfjs;
}

/** The parts of TensorFlow.js that are used. */
export type Tfjs = Pick<typeof core, 'tensor' | 'memory' | 'io'> & {
  readonly loadGraphModel: typeof loadGraphModel;
  readonly loadLayersModel: typeof loadLayersModel;
};
