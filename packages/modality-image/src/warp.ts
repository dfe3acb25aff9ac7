import { type Affine, invertAffine } from './affine.ts';
import type { RgbImage } from './rgb-image.ts';

/**
 * `width` × `height` pixels of the image as `transform` (source to target) shows it: bilinear, black outside, like
 * OpenCV's `warpAffine` with INTER_LINEAR, which cut the crops that the embedding models were measured on. Reads only
 * what the target shows; a strong reduction needs `resample` instead.
 */
export function warp(image: RgbImage, transform: Affine, width: number, height: number): RgbImage {
  const inverse = invertAffine(transform);
  const target = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const startX = inverse.b * y + inverse.tx;
    const startY = inverse.d * y + inverse.ty;
    for (let x = 0, out = y * width * 3; x < width; x++, out += 3)
      samplePixel(image, inverse.a * x + startX, inverse.c * x + startY, target, out);
  }
  return { width, height, data: target };
}

function samplePixel(image: RgbImage, x: number, y: number, target: Uint8Array, out: number): void {
  const { width, height, data } = image;
  const left = Math.floor(x);
  const top = Math.floor(y);
  if (left < -1 || top < -1 || left >= width || top >= height) return;
  // Weights of pixels outside are 0; their addresses are moved inside.
  const columns0 = left >= 0 ? 1 - (x - left) : 0;
  const columns1 = left + 1 < width ? x - left : 0;
  const rows0 = top >= 0 ? 1 - (y - top) : 0;
  const rows1 = top + 1 < height ? y - top : 0;
  const x0 = left >= 0 ? 3 * left : 0;
  const x1 = left + 1 < width ? 3 * left + 3 : x0;
  const y0 = (top >= 0 ? top : 0) * width * 3;
  const y1 = top + 1 < height ? (top + 1) * width * 3 : y0;
  for (let channel = 0; channel < 3; channel++) {
    const upper = columns0 * (data[y0 + x0 + channel] as number) + columns1 * (data[y0 + x1 + channel] as number);
    const lower = columns0 * (data[y1 + x0 + channel] as number) + columns1 * (data[y1 + x1 + channel] as number);
    target[out + channel] = rows0 * upper + rows1 * lower + 0.5;
  }
}
