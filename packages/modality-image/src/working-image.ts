import { type Affine, affineScale, composeAffine } from './affine.ts';
import type { Alignment } from './alignment.ts';
import type { EncodedImage } from './decode.ts';
import { resample, visibleRegion } from './resample.ts';
import type { RgbImage } from './rgb-image.ts';

/**
 * Longer side, in pixels, at which photos are decoded. Detection needs no more, and a batch of 12 megapixel photos
 * stays small in memory; a face that is too small for its crop at this size is decoded again from the full pixels.
 */
const workingSide = 1600;

/** An image at the size in which faces are looked for. */
export interface WorkingImage {
  readonly image: RgbImage;
  /** Full-size pixels a working pixel, along x and y. */
  readonly scaleX: number;
  readonly scaleY: number;
}

export async function decodeWorkingImage(encoded: EncodedImage): Promise<WorkingImage> {
  const image = await encoded.decode(
    Math.max(encoded.width, encoded.height) > workingSide ? { longestSide: workingSide } : undefined,
  );
  return { image, scaleX: encoded.width / image.width, scaleY: encoded.height / image.height };
}

/** Cuts the crop that `transform` (from full-size pixels) shows, from whichever decoding is fine enough. */
export async function cutCrop(
  encoded: EncodedImage,
  { image, scaleX, scaleY }: WorkingImage,
  transform: Affine,
  { width, height }: Alignment,
): Promise<RgbImage> {
  const shrinking = Math.min(scaleX, scaleY);
  if (shrinking <= 1 || affineScale(transform) * shrinking <= 1) {
    const toFullSize = { a: scaleX, b: 0, tx: (scaleX - 1) / 2, c: 0, d: scaleY, ty: (scaleY - 1) / 2 };
    return resample(image, composeAffine(transform, toFullSize), width, height);
  }
  const region = visibleRegion(encoded, transform, width, height, 2);
  const fromRegion = composeAffine(transform, { a: 1, b: 0, tx: region.left, c: 0, d: 1, ty: region.top });
  return resample(await encoded.decode({ region }), fromRegion, width, height);
}
