import { AffinisError } from '@affinis/core';
import type { Tfjs } from '../engine/index.ts';
import type { ModelFiles } from '../model-json.ts';
import { wrapGraphModel } from './graph-model.ts';
import { wrapLayersModel } from './layers-model.ts';
import type { TfjsModel } from './tfjs-model.ts';

export type { InputInfo, TfjsModel } from './tfjs-model.ts';

/** Throws `failed-precondition` where the model is damaged or needs what TensorFlow.js lacks. */
export async function loadModel(tf: Tfjs, { format, artifacts }: ModelFiles): Promise<TfjsModel> {
  try {
    const handler = tf.io.fromMemory(artifacts);
    return format === 'graph-model'
      ? wrapGraphModel(await tf.loadGraphModel(handler))
      : wrapLayersModel(await tf.loadLayersModel(handler));
  } catch (cause) {
    throw new AffinisError(
      'failed-precondition',
      '[backend-tfjs] TensorFlow.js cannot load the model: it is damaged or needs operators that TensorFlow.js lacks; convert it again',
      { reason: 'BAD_MODEL', cause },
    );
  }
}
