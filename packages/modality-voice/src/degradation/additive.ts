import type { SeededRandom } from '@affinis/core';
import type { Waveform } from './kinds.ts';

/** A hissing line or a fan: white or pink noise, 20 to 0 dB below the voice. */
export function noise(wave: Waveform, severity: number, random: SeededRandom): Waveform {
  const colour = random.uniform() < 0.5 ? whiteNoise : pinkNoise;
  return mix(wave, colour(wave.samples.length, random), signalToNoiseDb(severity));
}

function whiteNoise(length: number, random: SeededRandom): Float32Array {
  const white = new Float32Array(length);
  for (let at = 0; at < length; at++) white[at] = random.gaussian();
  return white;
}

/** 3 dB an octave less, within 0.5 dB above 10 Hz at 44.1 kHz: Paul Kellet’s three poles (music-dsp list). */
export function pinkNoise(length: number, random: SeededRandom): Float32Array {
  const pink = new Float32Array(length);
  let [slow, middle, fast] = [0, 0, 0];
  for (let at = 0; at < length; at++) {
    const white = random.gaussian();
    slow = 0.99765 * slow + 0.099046 * white;
    middle = 0.963 * middle + 0.2965164 * white;
    fast = 0.57 * fast + 1.0526913 * white;
    pink[at] = slow + middle + fast + 0.1848 * white;
  }
  return pink;
}

const voices = 6;

/**
 * Others talking, 20 to 0 dB below the voice. No other speaker is at hand, so the recording itself is laid over itself:
 * backwards, shifted, and slower or faster by up to a third, which has speech's spectrum and rhythm and no words.
 */
export function babble(wave: Waveform, severity: number, random: SeededRandom): Waveform {
  const { samples } = wave;
  const talk = new Float32Array(samples.length);
  for (let voice = 0; voice < voices; voice++) {
    const shift = random.integer(samples.length);
    const speed = random.between(0.75, 1.33);
    for (let at = 0; at < talk.length; at++) {
      const from = samples.length - 1 - (Math.floor(at * speed + shift) % samples.length);
      talk[at] = (talk[at] as number) + (samples[from] as number);
    }
  }
  return mix(wave, talk, signalToNoiseDb(severity));
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
