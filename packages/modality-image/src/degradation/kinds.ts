import type { DegradationKind } from '@affinis/core';
import type { RgbImage } from '../rgb-image.ts';
import { jpeg, lowResolution, mosaic } from './coding.ts';
import { darkness, noise, overexposure, posterising, salt } from './light.ts';
import { misalignment, occlusion, stripes } from './obstruction.ts';
import { gaussianBlur, motionBlur } from './sharpness.ts';

/** What can be done to an aligned crop, in the order in which a camera does it. */
export const imageDegradations: readonly DegradationKind<RgbImage>[] = [
  { name: 'misalignment', seen: false, apply: misalignment },
  { name: 'occlusion', seen: true, apply: occlusion },
  { name: 'stripes', seen: false, apply: stripes },
  { name: 'darkness', seen: true, apply: darkness },
  { name: 'overexposure', seen: false, apply: overexposure },
  { name: 'blur', seen: true, apply: gaussianBlur },
  { name: 'motion', seen: true, apply: motionBlur },
  { name: 'resolution', seen: true, apply: lowResolution },
  { name: 'mosaic', seen: false, apply: mosaic },
  { name: 'noise', seen: true, apply: noise },
  { name: 'salt', seen: false, apply: salt },
  { name: 'posterising', seen: false, apply: posterising },
  { name: 'jpeg', seen: true, apply: jpeg },
];
