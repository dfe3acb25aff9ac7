import type { RgbImage } from '../rgb-image.ts';

/** Crop side that the ranges of the kinds are stated for; other crops get proportionate ones. */
const referenceSide = 112;

/** Linear from `least` at severity 0 to `most` at 1. */
export const linear = (least: number, most: number, severity: number): number => least + (most - least) * severity;

/** The same, evenly in the logarithm. */
export const geometric = (least: number, most: number, severity: number): number => least * (most / least) ** severity;

/** Pixels of this image for so many of the reference crop. */
export const pixelsIn = ({ width, height }: RgbImage, pixels: number): number =>
  (pixels * Math.min(width, height)) / referenceSide;

/** A new image of which every value is made of the old one. */
export function mapValues(image: RgbImage, value: (old: number, at: number) => number): RgbImage {
  const data = new Uint8Array(image.data.length);
  for (let at = 0; at < data.length; at++) data[at] = toByte(value(image.data[at] as number, at));
  return { ...image, data };
}

export const toByte = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));
