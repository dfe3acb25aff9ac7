import type { DegradationKind } from '@affinis/core';
import { babble, noise } from './additive.ts';
import { bandLimit } from './band.ts';
import { clipping, gaps, reverberation, shortening } from './shape.ts';

/** Mono sound. */
export interface Waveform {
  readonly samples: Float32Array;
  readonly sampleRateHz: number;
}

/** What can be done to a recording, in the order in which it happens on the way to a file. */
export const voiceDegradations: readonly DegradationKind<Waveform>[] = [
  { name: 'shortening', seen: true, apply: shortening },
  { name: 'reverberation', seen: false, apply: reverberation },
  { name: 'noise', seen: true, apply: noise },
  { name: 'babble', seen: true, apply: babble },
  { name: 'band', seen: true, apply: bandLimit },
  { name: 'clipping', seen: false, apply: clipping },
  { name: 'gaps', seen: false, apply: gaps },
];
