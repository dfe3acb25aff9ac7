import { type Backend, defineBackend } from '@affinis/core';
import { chosenEngine, type EngineChoice, startEngine } from './engine/index.ts';
import { readModelJson } from './model-json.ts';
import { loadModel } from './models/index.ts';
import { createTfjsSession } from './tfjs-session.ts';

export interface TfjsBackendOptions {
  /** Default: the environment variable `AFFINIS_TFJS_ENGINE`, or `auto`. */
  readonly engine?: EngineChoice;
}

/**
 * Runs graph models and layers models of TensorFlow.js. A run blocks the calling thread: call it from a worker thread.
 * Nothing of TensorFlow is imported before the first `load`; one thread runs one engine.
 */
export const createTfjsBackend = (options: TfjsBackendOptions = {}): Backend =>
  defineBackend({
    id: 'tfjs',
    async load(artefact, { threads }) {
      const files = readModelJson(artefact);
      const engine = await startEngine(options.engine ?? chosenEngine(), threads);
      return createTfjsSession(engine.tf, await loadModel(engine.tf, files));
    },
  });
