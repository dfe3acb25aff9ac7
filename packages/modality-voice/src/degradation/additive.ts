import type { SeededRandom } from '@affinis/core';
import type { Waveform } from './kinds.ts';

/** A hissing line: white noise, 20 to 0 dB below the voice. */
export function whiteNoise(wave: Waveform, severity: number, random: SeededRandom): Waveform {
  return mix(
    wave,
    Float32Array.from(wave.samples, () => random.gaussian()),
    signalToNoiseDb(severity),
  );
}

const voices = 6;

/**
 * Others talking, 20 to 0 dB below the voice. No other speaker is at hand, so the recording itself is laid over itself:
 * backwards, shifted, and slower or faster by up to a third, which has speech's spectrum and rhythm and no words.
 */
export function babble(wave: Waveform, severity: number, random: SeededRandom): Waveform {
  const { samples } = wave;
  const noise = new Float32Array(samples.length);
  for (let voice = 0; voice < voices; voice++) {
    const shift = random.integer(samples.length);
    const speed = random.between(0.75, 1.33);
    for (let at = 0; at < noise.length; at++) {
      const from = samples.length - 1 - (Math.floor(at * speed + shift) % samples.length);
      noise[at] = (noise[at] as number) + (samples[from] as number);
    }
  }
  return mix(wave, noise, signalToNoiseDb(severity));
}

const signalToNoiseDb = (severity: number) => 20 * (1 - severity);

/** Adds noise so loud that the ratio of powers is as stated. */
function mix({ samples, sampleRateHz }: Waveform, noise: Float32Array, ratioDb: number): Waveform {
  const gain = Math.sqrt(power(samples) / Math.max(power(noise), 1e-20)) * 10 ** (-ratioDb / 20);
  return { samples: samples.map((sample, at) => sample + gain * (noise[at] as number)), sampleRateHz };
}

function power(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum / Math.max(1, samples.length);
}
