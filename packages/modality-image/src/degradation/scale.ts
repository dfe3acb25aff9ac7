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

/** A new image whose values, rounded and clamped to 0..255, are made of the old ones and their channel. */
export function mapValues(image: RgbImage, value: (old: number, channel: number) => number): RgbImage {
  const old = image.data;
  const data = new Uint8ClampedArray(old.length);
  for (let at = 0; at < data.length; at += 3) {
    data[at] = value(old[at] as number, 0);
    data[at + 1] = value(old[at + 1] as number, 1);
    data[at + 2] = value(old[at + 2] as number, 2);
  }
  return { ...image, data: new Uint8Array(data.buffer) };
}

/** What a function makes of each value that a byte can have. */
export const tabulate = (value: (old: number) => number): Float64Array =>
  Float64Array.from({ length: 256 }, (_, old) => value(old));
