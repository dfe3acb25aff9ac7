import { definePlugin } from '@affinis/core';
import { imageModality } from './modality.ts';

export { type Affine, affineScale, applyAffine, composeAffine, invertAffine, scaleAffine } from './affine.ts';
export { type Alignment, alignmentTransform } from './alignment.ts';
export { decodeImage, type EncodedImage, openImage, pixelLimit, type View } from './decode.ts';
export type { Box, Face, FaceDetector, LandmarkLocator } from './detector.ts';
export { createFaceDetector, createLandmarkLocator } from './detectors/index.ts';
export { suppressNonMaxima } from './non-maximum-suppression.ts';
export { resample } from './resample.ts';
export type { RgbImage } from './rgb-image.ts';
export { type SimilarityFit, similarityTransform } from './similarity-transform.ts';
export { createToTensor, type PixelFormat } from './to-tensor.ts';
export { warp } from './warp.ts';
export { imageModality };

export default definePlugin({ name: '@affinis/modality-image', modalities: [imageModality] });
