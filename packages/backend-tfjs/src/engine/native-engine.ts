import { createRequire } from 'node:module';
import util from 'node:util';
import { AffinisError } from '@affinis/core';
import type { Engine, Tfjs } from './engine.ts';

/** What the namespace of tfjs-node has beside `Tfjs`. */
interface TfjsNode extends Tfjs {
  readonly version: Readonly<Record<string, string>>;
  backend(): { readonly binding: { readonly TF_Version: string } };
}

/**
 * Loads tfjs-node from `folder`. Its library keeps a set without a lock, so threads must load it one after another:
 * core loads the models of one worker at a time. Throws `failed-precondition` where it is not there or does not load.
 */
export function startNative(folder: string | undefined, threads: number): Engine {
  if (folder === undefined) throw unusable('the native library has not been set up');
  // Read by the library as it starts; what the operator has set counts.
  process.env.TF_NUM_INTRAOP_THREADS ??= String(Math.max(1, threads));
  process.env.TF_NUM_INTEROP_THREADS ??= '1';
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  replaceOldUtilities();
  try {
    const tf: TfjsNode = createRequire(import.meta.url)(folder);
    const { TF_Version: library } = tf.backend().binding;
    const description = `TensorFlow ${library} (@tensorflow/tfjs-node ${tf.version['tfjs-node']})`;
    return { kind: 'native', description, tf };
  } catch (cause) {
    throw unusable('the native library does not load', cause);
  }
}

/** tfjs-node 4.22.0 calls two functions that Node 22 warns of and Node 24 no longer has. */
function replaceOldUtilities(): void {
  const old: { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean } = util;
  old.isNullOrUndefined = (value) => value === undefined || value === null;
  old.isArray = Array.isArray;
}

const unusable = (problem: string, cause?: unknown) =>
  new AffinisError(
    'failed-precondition',
    `[backend-tfjs] ${problem}; run "npm run setup:tfjs-native" (with --force to build it anew), or set AFFINIS_TFJS_ENGINE=wasm`,
    { reason: 'NO_RUNTIME', cause },
  );
