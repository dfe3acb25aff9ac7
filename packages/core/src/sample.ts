import type { Embedding } from './embedding.ts';
import type { Tensor } from './tensor.ts';

/** A point in pixels of the decoded, EXIF-rotated image: x to the right, y down, from the top left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** An encoded file: JPEG, PNG, WebP; WAV, FLAC, MP3, OGG. What it is decides its content, never `mediaType` alone. */
export interface MediaSample {
  readonly kind: 'media';
  readonly bytes: Uint8Array;
  /** MIME type as the client states it (`image/jpeg`); checked against the content when given. */
  readonly mediaType?: string;
  /** Five points (right eye, left eye, nose tip, right and left mouth corner; the person's right): no detection is run. */
  readonly landmarks?: readonly Point[];
}

/** Uncompressed sound: interleaved float samples in -1..1. */
export interface PcmSample {
  readonly kind: 'pcm';
  readonly samples: Float32Array;
  readonly sampleRateHz: number;
  readonly channels: number;
}

export interface TextSample {
  readonly kind: 'text';
  readonly text: string;
}

/** What a model's preprocessing would have made: an aligned uint8 crop `[height, width, 3]` RGB, or a mel spectrogram. */
export interface TensorSample {
  readonly kind: 'tensor';
  readonly tensor: Tensor;
}

/** One raw input. Its bytes are read until its result is there: do not change them before. */
export type Sample = MediaSample | PcmSample | TextSample | TensorSample;

/** What one side of a comparison may hold: raw, or embedded earlier. */
export type SampleOrEmbedding = Sample | { readonly kind: 'embedding'; readonly embedding: Embedding };

/** The binary part of a sample; text has none. */
export function payloadOf(sample: Sample): Uint8Array | Float32Array | Tensor['data'] | undefined {
  switch (sample.kind) {
    case 'media':
      return sample.bytes;
    case 'pcm':
      return sample.samples;
    case 'tensor':
      return sample.tensor.data;
    case 'text':
      return undefined;
  }
}
