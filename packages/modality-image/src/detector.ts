import type { Point } from '@affinis/core';
import type { RgbImage } from './rgb-image.ts';

/** Top left corner and size, in pixels; may reach beyond the image. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Face {
  readonly box: Box;
  /** 0..1, above the detector's threshold. */
  readonly confidence: number;
  /** Right eye, left eye, nose tip, right and left mouth corner, from detectors that find them. */
  readonly landmarks?: readonly Point[];
}

/** Finds faces; what a detection model's `decoder` names. */
export interface FaceDetector {
  /** Whether every face comes with its five landmarks. */
  readonly givesLandmarks: boolean;
  /** Faces without overlaps, the most confident first; an empty list where there is none. */
  detect(image: RgbImage): Promise<readonly Face[]>;
}

/** Finds the five landmarks of a face whose box is known; what a landmark model's `decoder` names. */
export interface LandmarkLocator {
  locate(image: RgbImage, box: Box): Promise<readonly Point[]>;
}
