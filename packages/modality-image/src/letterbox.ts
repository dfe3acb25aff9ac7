import type { Point } from '@affinis/core';
import { scaleAffine } from './affine.ts';
import type { Box } from './detector.ts';
import { resample } from './resample.ts';
import type { RgbImage } from './rgb-image.ts';

export interface Letterboxed {
  readonly image: RgbImage;
  /** From a place in the letterbox, in pixels from its top left corner, back to the image. */
  toImage(point: Point): Point;
  boxToImage(box: Box): Box;
}

/**
 * The image scaled until its longer side is `size`, at the top left of a black canvas whose sides are multiples of
 * `multipleOf` (default: a square).
 */
export function letterbox(image: RgbImage, size: number, multipleOf = size): Letterboxed {
  const scale = size / Math.max(image.width, image.height);
  const canvas = (side: number) => Math.max(1, Math.ceil(Math.round(side * scale) / multipleOf)) * multipleOf;
  return {
    image: resample(image, scaleAffine(scale), canvas(image.width), canvas(image.height)),
    toImage: ({ x, y }) => ({ x: x / scale, y: y / scale }),
    boxToImage: (box) => ({ x: box.x / scale, y: box.y / scale, width: box.width / scale, height: box.height / scale }),
  };
}
