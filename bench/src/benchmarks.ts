import { accuracyFaces } from './accuracy-faces.ts';
import { accuracyText } from './accuracy-text.ts';
import { accuracyVoice } from './accuracy-voice.ts';
import { backends } from './backends.ts';
import type { Benchmark } from './benchmark.ts';
import { embedCrops } from './embed-crops.ts';
import { gallery100k } from './gallery.ts';
import { identifyFaces, identifyVoices } from './identify.ts';
import { kernels } from './kernels.ts';
import { photo } from './photo.ts';
import { score } from './score.ts';
import { start } from './start.ts';

/** Every benchmark there is. */
export const benchmarks: readonly Benchmark[] = [
  backends,
  embedCrops,
  gallery100k,
  kernels,
  photo,
  score,
  start,
  accuracyFaces,
  accuracyVoice,
  accuracyText,
  identifyFaces,
  identifyVoices,
];
