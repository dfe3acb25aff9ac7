import type { SeededRandom } from '@affinis/core';
import { scaleAffine } from '../affine.ts';
import { loadSharp } from '../decode.ts';
import { resample } from '../resample.ts';
import type { RgbImage } from '../rgb-image.ts';
import { rawImage } from './raw.ts';
import { geometric, linear } from './scale.ts';

const kernels = ['nearest', 'linear', 'cubic'] as const;

/** Far away: the crop has 48 to 12 pixels a side, whatever its own size, enlarged again in one of three ways. */
export async function lowResolution(image: RgbImage, severity: number, random: SeededRandom): Promise<RgbImage> {
  const sharp = await loadSharp();
  const { width, height } = image;
  const side = Math.round(geometric(48, 12, severity));
  const kernel = kernels[random.integer(kernels.length)] ?? 'linear';
  const small = resample(image, scaleAffine(side / width, side / height), side, side);
  const raw = { width: side, height: side, channels: 3 } as const;
  return rawImage(sharp(small.data, { raw }).resize(width, height, { fit: 'fill', kernel }));
}

/** Made unrecognisable on purpose: 30 to 9 tiles a side, each of the colour of its middle. */
export function mosaic(image: RgbImage, severity: number): RgbImage {
  const { width, height } = image;
  const tiles = Math.round(linear(30, 9, severity));
  const middles = (length: number) =>
    Array.from({ length }, (_, at) => Math.floor(((Math.floor((at * tiles) / length) + 0.5) * length) / tiles));
  const [columns, rows] = [middles(width), middles(height)];
  const data = new Uint8Array(image.data.length);
  let at = 0;
  for (const row of rows)
    for (const column of columns)
      for (let from = 3 * (row * width + column), end = from + 3; from < end; from++)
        data[at++] = image.data[from] as number;
  return { ...image, data };
}

/** Compressed too much: JPEG of quality 50 to 3. */
export async function jpeg(image: RgbImage, severity: number): Promise<RgbImage> {
  const sharp = await loadSharp();
  const raw = { width: image.width, height: image.height, channels: 3 } as const;
  const encoded = await sharp(image.data, { raw })
    .jpeg({ quality: Math.round(linear(50, 3, severity)) })
    .toBuffer();
  return rawImage(sharp(encoded));
}
