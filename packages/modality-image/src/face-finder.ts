import type { ModalityContext } from '@affinis/core';
import { alignmentTransform } from './alignment.ts';
import { createFaceDetector, createLandmarkLocator } from './detectors/index.ts';
import { unusable } from './errors.ts';
import { type ConfirmedFace, chooseFace } from './face-choice.ts';
import type { AlignInput, FaceOptions } from './input.ts';
import type { RgbImage } from './rgb-image.ts';

export interface FoundFace extends ConfirmedFace {
  readonly facesFound: number;
}

/** Finds the face to embed and its five landmarks; throws NO_FACE and SEVERAL_FACES. */
export type FaceFinder = (image: RgbImage) => Promise<FoundFace>;

/** Loads the detector and, where it gives no landmarks itself, the landmark model that options or manifest name. */
export async function loadFaceFinder(
  input: AlignInput,
  options: FaceOptions,
  context: ModalityContext,
): Promise<FaceFinder> {
  const reference = options.detector ?? input.detector;
  if (!reference)
    throw unusable(
      'input.detector',
      'no face detector is named; set input.detector in model.yaml or the option detector',
    );
  const detector = createFaceDetector(await context.loadModel(reference));
  const landmarks = options.landmarks ?? (detector.givesLandmarks ? 'none' : input.landmarks);
  if (!detector.givesLandmarks && (!landmarks || landmarks === 'none'))
    throw unusable(
      'input.landmarks',
      `detector ${reference} gives no landmarks; name a landmark model in model.yaml or the option landmarks`,
    );
  const locator =
    landmarks && landmarks !== 'none' ? createLandmarkLocator(await context.loadModel(landmarks)) : undefined;

  return async (image) => {
    const faces = await detector.detect(image);
    const chosen = await chooseFace(faces, options.faces, async (face) => {
      const points = locator ? await locator.locate(image, face.box) : face.landmarks;
      return points && alignmentTransform(points, input) ? points : undefined;
    });
    return { facesFound: faces.length, ...chosen };
  };
}
