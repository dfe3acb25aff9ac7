import type { Point } from '@affinis/core';
import type { Affine } from './affine.ts';
import { similarityTransform } from './similarity-transform.ts';

/** Where the five points come to lie in a crop of `width` × `height` pixels. */
export interface Alignment {
  readonly template: readonly Point[];
  readonly width: number;
  readonly height: number;
}

/** A face seen from the side keeps more than half; points in the wrong order keep a few hundredths. */
const leastExplained = 0.3;

/** The transform that cuts an aligned crop; `undefined` where the five points cannot be those of a face. */
export function alignmentTransform(landmarks: readonly Point[], { template }: Alignment): Affine | undefined {
  const fit = similarityTransform(landmarks, template);
  return fit && fit.explained >= leastExplained ? fit.transform : undefined;
}
