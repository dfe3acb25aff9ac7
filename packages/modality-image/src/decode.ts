import { AffinisError } from '@affinis/core';
import type { Metadata, Sharp } from 'sharp';
import { badSample } from './errors.ts';
import { type ImageFormat, mediaTypeFits, sniffFormat } from './image-format.ts';
import type { Region } from './resample.ts';
import type { RgbImage } from './rgb-image.ts';

/** More is refused from the header, before any pixel is decoded. */
export const pixelLimit = 25_000_000;

/** An encoded image whose header has been read and found acceptable. */
export interface EncodedImage {
  /** Pixels after EXIF rotation. */
  readonly width: number;
  readonly height: number;
  /** Decodes, EXIF rotation applied, to RGB with eight bits; throws `invalid-argument` where the file is damaged. */
  decode(view?: View): Promise<RgbImage>;
}

/** What of the image is wanted; everything by default. */
export type View =
  /** Shrunk, never enlarged, until the longer side is at most this many pixels. */
  | { readonly longestSide: number }
  /** Stretched to exactly this size. */
  | { readonly width: number; readonly height: number }
  | { readonly region: Region };

/** Loads sharp and keeps it from starting threads or caches of its own: parallelism belongs to the workers. */
export async function loadSharp(): Promise<typeof import('sharp')['default']> {
  const { default: sharp } = await import('sharp').catch((cause: unknown) => {
    throw new AffinisError(
      'failed-precondition',
      '[modality-image] sharp cannot be loaded here; run `npm install sharp` on a platform it has binaries for',
      { reason: 'NO_RUNTIME', cause },
    );
  });
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}

/**
 * Reads a JPEG, PNG or WebP header. Transparency is laid on white, of an animation the first frame counts, embedded
 * colour profiles are ignored (but for CMYK), as in the tools that the models' training crops came from.
 */
export async function openImage(bytes: Uint8Array, mediaType = ''): Promise<EncodedImage> {
  const format = checkFormat(bytes, mediaType);
  const sharp = await loadSharp();
  const metadata = await sharp(bytes, { limitInputPixels: false }).metadata().catch(undecodable);
  if (metadata.format !== format) throw undecodable(new Error(`the decoder sees ${metadata.format}`));
  checkSize(metadata);
  const { width, height } = metadata.autoOrient;
  const ignoreIcc = metadata.space !== 'cmyk';
  return {
    width,
    height,
    async decode(view) {
      const pipeline = sharp(bytes, {
        failOn: 'error',
        limitInputPixels: pixelLimit,
        ignoreIcc,
        pages: 1,
      }).autoOrient();
      const { data, info } = await applyView(pipeline, view)
        .flatten({ background: '#ffffff' })
        .toColourspace('srgb')
        .raw({ depth: 'uchar' })
        .toBuffer({ resolveWithObject: true })
        .catch(undecodable);
      if (info.channels !== 3) throw undecodable(new Error(`${info.channels} channels`));
      // A plain view: the pixel loops run faster when they see one kind of array.
      return {
        width: info.width,
        height: info.height,
        data: new Uint8Array(data.buffer, data.byteOffset, data.length),
      };
    },
  };
}

/** Decodes a whole image to `uint8[height, width, 3]` RGB. */
export const decodeImage = async (bytes: Uint8Array, mediaType?: string): Promise<RgbImage> =>
  (await openImage(bytes, mediaType)).decode();

function checkFormat(bytes: Uint8Array, mediaType: string): ImageFormat {
  if (bytes.length === 0) throw badSample('media', 'EMPTY', 'the image has no bytes');
  const format = sniffFormat(bytes);
  if (!format)
    throw badSample(
      'media',
      'UNSUPPORTED_FORMAT',
      'the content is no JPEG, PNG or WebP image; convert it to one of these',
    );
  if (!mediaTypeFits(mediaType, format))
    throw badSample(
      'media',
      'MEDIA_TYPE_MISMATCH',
      `the content is image/${format}, not what the media type says; send image/${format} or none`,
    );
  return format;
}

function checkSize({ width, height }: Metadata): void {
  if (width * height > pixelLimit)
    throw badSample(
      'media',
      'TOO_MANY_PIXELS',
      `the image has ${width} x ${height} pixels; at most ${pixelLimit / 1e6} million are accepted, so scale it down`,
    );
}

function applyView(pipeline: Sharp, view: View | undefined): Sharp {
  if (!view) return pipeline;
  if ('region' in view) return pipeline.extract(view.region);
  if ('longestSide' in view)
    return pipeline.resize(view.longestSide, view.longestSide, {
      fit: 'inside',
      withoutEnlargement: true,
      kernel: 'linear',
    });
  return pipeline.resize(view.width, view.height, { fit: 'fill', kernel: 'linear' });
}

function undecodable(cause: unknown): never {
  throw badSample('media', 'UNDECODABLE', 'the image is damaged or cut off and cannot be decoded', cause);
}
