import type { Point } from './sample.ts';

/** What preparation found in a sample; no part of the payload itself. */
export type SampleInfo = ImageInfo | VoiceInfo | TextInfo;

export interface ImageInfo {
  readonly kind: 'image';
  /** Pixels after EXIF rotation. */
  readonly width: number;
  readonly height: number;
  /** Faces above the detector's threshold; absent when no detector ran. */
  readonly facesFound?: number;
  readonly face?: {
    readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
    /** Detector's confidence, 0..1. */
    readonly confidence: number;
  };
  /** The five points that the crop was aligned with, in pixels. */
  readonly landmarks?: readonly Point[];
}

export interface VoiceInfo {
  readonly kind: 'voice';
  readonly durationMs: number;
  /** What voice activity detection kept; equal to `durationMs` where it is off. */
  readonly speechMs: number;
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Slices that the embedding averages. */
  readonly slices: number;
}

export interface TextInfo {
  readonly kind: 'text';
  /** Tokens that entered the model, special ones included. */
  readonly tokens: number;
  readonly truncated: boolean;
}
