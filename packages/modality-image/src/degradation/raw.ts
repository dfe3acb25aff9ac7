import type { Sharp } from 'sharp';
import type { RgbImage } from '../rgb-image.ts';

/** The pixels that a pipeline of sharp's ends with. */
export async function rawImage(pipeline: Sharp): Promise<RgbImage> {
  const { data, info } = await pipeline.removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}
