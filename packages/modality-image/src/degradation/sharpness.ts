import type { SeededRandom } from '@affinis/core';
import { loadSharp } from '../decode.ts';
import type { RgbImage } from '../rgb-image.ts';
import { rawImage } from './raw.ts';
import { linear, pixelsIn } from './scale.ts';

/** Out of focus: Gaussian of sigma 0.5 to 5 pixels. */
export async function gaussianBlur(image: RgbImage, severity: number): Promise<RgbImage> {
  const sharp = await loadSharp();
  const sigma = Math.max(0.3, pixelsIn(image, linear(0.5, 5, severity)));
  const raw = { width: image.width, height: image.height, channels: 3 } as const;
  // By default sharp cuts the bell off at a fifth of its height, which leaves 0.8 of a wide sigma and none of 0.5.
  return rawImage(sharp(image.data, { raw }).blur({ sigma, precision: 'float', minAmplitude: 0.01 }));
}

/** The camera or the head moved: a line of 3 to 23 pixels in any direction. */
export async function motionBlur(image: RgbImage, severity: number, random: SeededRandom): Promise<RgbImage> {
  const sharp = await loadSharp();
  const length = Math.round(pixelsIn(image, linear(3, 23, severity)));
  const side = length + 1 - (length % 2);
  const kernel = lineKernel(side, random.between(0, Math.PI));
  const raw = { width: image.width, height: image.height, channels: 3 } as const;
  return rawImage(sharp(image.data, { raw }).convolve({ width: side, height: side, kernel }));
}

/** Weights of a line through the middle of a square. */
function lineKernel(side: number, angle: number): number[] {
  const kernel = new Array<number>(side * side).fill(0);
  const middle = (side - 1) / 2;
  const steps = side * 4;
  for (let step = 0; step <= steps; step++) {
    const along = (step / steps - 0.5) * (side - 1);
    const x = Math.round(middle + along * Math.cos(angle));
    const y = Math.round(middle + along * Math.sin(angle));
    kernel[y * side + x] = 1;
  }
  return kernel;
}
