import { AffinisError } from '@affinis/core';
import type { Engine } from './engine.ts';

/** TensorFlow.js has no threads for WebAssembly in Node: several workers are the way to use several cores. */
export async function startWasm(): Promise<Engine> {
  try {
    const [core, { loadGraphModel }, { loadLayersModel }, { version_wasm: version }] = await Promise.all([
      import('@tensorflow/tfjs-core'),
      import('@tensorflow/tfjs-converter'),
      import('@tensorflow/tfjs-layers'),
      import('@tensorflow/tfjs-backend-wasm'),
    ]);
    if (!(await core.setBackend('wasm'))) throw new Error('the WebAssembly backend did not start');
    const { tensor, memory, io } = core;
    const description = `WebAssembly (@tensorflow/tfjs-backend-wasm ${version}); "npm run setup:tfjs-native" sets up the native library`;
    return { kind: 'wasm', description, tf: { tensor, memory, io, loadGraphModel, loadLayersModel } };
  } catch (cause) {
    throw new AffinisError(
      'failed-precondition',
      '[backend-tfjs] @tensorflow/tfjs-backend-wasm cannot be loaded; run npm ci',
      { reason: 'NO_RUNTIME', cause },
    );
  }
}
