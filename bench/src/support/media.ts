import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MediaSample } from '@affinis/core';
import sharp from 'sharp';

/** A file of `samples/`. */
export const sampleFile = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`../../../samples/${name}`, import.meta.url)));

export const mediaSample = (bytes: Uint8Array): MediaSample => ({ kind: 'media', bytes });

export const sampleFaces = ['obama-1', 'obama-2', 'biden-1', 'collins-1'].map((name) =>
  mediaSample(sampleFile(`faces/${name}.jpg`)),
);

export const sampleVoices = ['andrea', 'klatt', 'steph', 'storm'].map((name) =>
  mediaSample(sampleFile(`voices/${name}-1.flac`)),
);

/** A JPEG of 12 megapixels as a phone takes it: one of the samples, enlarged to 4000x3000. */
export async function twelveMegapixels(): Promise<MediaSample> {
  const bytes = await sharp(sampleFile('faces/obama-1.jpg'))
    .resize(4000, 3000, { fit: 'cover', position: 'top' })
    .jpeg({ quality: 90 })
    .toBuffer();
  return mediaSample(bytes);
}
