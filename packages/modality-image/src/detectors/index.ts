import type { LoadedModel } from '@affinis/core';
import type { FaceDetector, LandmarkLocator } from '../detector.ts';
import { unusable } from '../errors.ts';
import { createLandmarks68 } from './landmarks-68.ts';
import { createTinyFaceDetector } from './tiny-face-detector.ts';
import { createYunet } from './yunet.ts';

const detectors: Readonly<Record<string, (model: LoadedModel) => FaceDetector>> = {
  'tiny-face-detector': createTinyFaceDetector,
  yunet: createYunet,
};

const locators: Readonly<Record<string, (model: LoadedModel) => LandmarkLocator>> = {
  'landmarks-68': createLandmarks68,
};

/** The detector that a model of task `face-detection` is, by its `decoder`. */
export const createFaceDetector = (model: LoadedModel): FaceDetector =>
  byDecoder(model, 'face-detection', detectors)(model);

/** The locator that a model of task `face-landmarks` is, by its `decoder`. */
export const createLandmarkLocator = (model: LoadedModel): LandmarkLocator =>
  byDecoder(model, 'face-landmarks', locators)(model);

function byDecoder<T>({ manifest }: LoadedModel, task: string, known: Readonly<Record<string, T>>): T {
  const { name, decoder = '' } = manifest;
  if (manifest.task !== task)
    throw unusable('task', `model ${name} has task ${manifest.task} where ${task} is needed; name another model`);
  const found = Object.hasOwn(known, decoder) ? known[decoder] : undefined;
  if (!found)
    throw unusable(
      'decoder',
      `model ${name} has decoder "${decoder}"; known for ${task}: ${Object.keys(known).join(', ')}`,
    );
  return found;
}
