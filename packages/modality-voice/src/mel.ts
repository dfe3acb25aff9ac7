import { createMelFilterbank, type FilterbankRule, type MelBand } from './mel-filterbank.ts';
import { createPowerSpectra } from './power-spectrum.ts';

/** A mel spectrogram: frames centred on multiples of the hop, zeros beyond both ends, a periodic Hann window. */
export interface MelRule extends FilterbankRule {
  readonly windowSize: number;
  readonly hopSize: number;
}

/** Power per band: `float32[frames, bands]`, not logarithmic. */
export interface MelSpectrogram {
  readonly frames: number;
  readonly bands: number;
  readonly data: Float32Array;
}

export type MelTransform = (samples: Float32Array) => MelSpectrogram;

/** Spectrogram of mono samples with tables made for this one call; `createMelTransform` keeps them. */
export const melSpectrogram = (samples: Float32Array, rule: MelRule): MelSpectrogram =>
  createMelTransform(rule)(samples);

/** Prepares window, transform and filters once. `1 + floor(samples / hopSize)` frames; nothing is allocated per frame. */
export function createMelTransform(rule: MelRule): MelTransform {
  const { fftSize, hopSize, bands } = rule;
  const window = createWindow(rule);
  const filterbank = createMelFilterbank(rule);
  const powerSpectra = createPowerSpectra(fftSize);
  const frame = [new Float64Array(fftSize), new Float64Array(fftSize)] as const;
  const power = [new Float64Array(fftSize / 2 + 1), new Float64Array(fftSize / 2 + 1)] as const;

  return (samples) => {
    const frames = 1 + Math.floor(samples.length / hopSize);
    const data = new Float32Array(frames * bands);
    for (let index = 0; index < frames; index += 2) {
      cutFrame(samples, index * hopSize - fftSize / 2, window, frame[0]);
      cutFrame(samples, (index + 1) * hopSize - fftSize / 2, window, frame[1]);
      powerSpectra(frame[0], frame[1], power[0], power[1]);
      applyFilterbank(filterbank, power[0], data, index * bands);
      if (index + 1 < frames) applyFilterbank(filterbank, power[1], data, (index + 1) * bands);
    }
    return { frames, bands, data };
  };
}

/** The window, centred in the transform where it is shorter. */
function createWindow({ fftSize, windowSize }: MelRule): Float64Array {
  const window = new Float64Array(fftSize);
  const offset = Math.floor((fftSize - windowSize) / 2);
  for (let i = 0; i < windowSize; i++) window[offset + i] = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / windowSize);
  return window;
}

function cutFrame(samples: Float32Array, start: number, window: Float64Array, frame: Float64Array): void {
  for (let i = 0; i < frame.length; i++) frame[i] = (samples[start + i] ?? 0) * (window[i] ?? 0);
}

function applyFilterbank(filterbank: readonly MelBand[], power: Float64Array, out: Float32Array, at: number): void {
  for (let band = 0; band < filterbank.length; band++) {
    const filter = filterbank[band];
    if (!filter) continue;
    const { first, weights } = filter;
    let sum = 0;
    for (let i = 0; i < weights.length; i++) sum += (weights[i] ?? 0) * (power[first + i] ?? 0);
    out[at + band] = sum;
  }
}
