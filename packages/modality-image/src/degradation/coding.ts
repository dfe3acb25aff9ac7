import type { SeededRandom } from '@affinis/core';
import { loadSharp } from '../decode.ts';
import type { RgbImage } from '../rgb-image.ts';
import { rawImage } from './raw.ts';
import { geometric, linear } from './scale.ts';

const kernels = ['nearest', 'linear', 'cubic'] as const;

/** Far away: the crop has 48 to 12 pixels a side, enlarged again in one of three ways. */
export async function lowResolution(image: RgbImage, severity: number, random: SeededRandom): Promise<RgbImage> {
  return resized(
    image,
    Math.round(geometric(48, 12, severity)),
    'linear',
    kernels[random.integer(kernels.length)] ?? 'linear',
  );
}

/** Made unrecognisable on purpose: 30 to 9 tiles a side. */
export async function mosaic(image: RgbImage, severity: number): Promise<RgbImage> {
  return resized(image, Math.round(linear(30, 9, severity)), 'nearest', 'nearest');
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

async function resized(
  image: RgbImage,
  side: number,
  down: (typeof kernels)[number],
  up: (typeof kernels)[number],
): Promise<RgbImage> {
  const sharp = await loadSharp();
  const { width, height } = image;
  const small = await rawImage(
    sharp(image.data, { raw: { width, height, channels: 3 } }).resize(side, side, { fit: 'fill', kernel: down }),
  );
  const raw = { width: side, height: side, channels: 3 } as const;
  return rawImage(sharp(small.data, { raw }).resize(width, height, { fit: 'fill', kernel: up }));
}
