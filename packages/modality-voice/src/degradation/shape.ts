import type { SeededRandom } from '@affinis/core';
import type { Waveform } from './kinds.ts';

/** A few words only: 3 to 0.8 s of the recording, from anywhere in it. */
export function shortening({ samples, sampleRateHz }: Waveform, severity: number, random: SeededRandom): Waveform {
  const length = Math.round(sampleRateHz * 3 * (0.8 / 3) ** severity);
  if (length >= samples.length) return { samples, sampleRateHz };
  const from = random.integer(samples.length - length + 1);
  return { samples: samples.slice(from, from + length), sampleRateHz };
}

/** A bare room: an echo of noise that fades by 60 dB in 0.2 to 1.2 s, as loud as the voice itself at the worst. */
export function reverberation({ samples, sampleRateHz }: Waveform, severity: number, random: SeededRandom): Waveform {
  const seconds = 0.2 + severity;
  const length = Math.min(Math.round(seconds * sampleRateHz), samples.length);
  // A tail of single reflections keeps the cost far below a full convolution and sounds alike.
  const reflections = Array.from({ length: 160 }, () => {
    const delay = 1 + random.integer(Math.max(1, length - 1));
    return { delay, gain: (random.uniform() < 0.5 ? -1 : 1) * 10 ** ((-3 * delay) / length) };
  });
  const energy = reflections.reduce((sum, { gain }) => sum + gain * gain, 0);
  const scale = (0.3 + 0.7 * severity) / Math.sqrt(energy);
  const out = Float32Array.from(samples);
  for (const { delay, gain } of reflections)
    for (let at = delay; at < out.length; at++)
      out[at] = (out[at] as number) + scale * gain * (samples[at - delay] as number);
  return { samples: out, sampleRateHz };
}

/** Too loud for the recorder: everything above 80 to 5 % of the peak is cut off. */
export function clipping({ samples, sampleRateHz }: Waveform, severity: number): Waveform {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const ceiling = peak * 0.8 * (0.05 / 0.8) ** severity;
  return { samples: samples.map((sample) => Math.max(-ceiling, Math.min(ceiling, sample))), sampleRateHz };
}

const packetMs = 30;

/** A bad connection: 5 to 50 % of the packets of 30 ms are missing. */
export function gaps({ samples, sampleRateHz }: Waveform, severity: number, random: SeededRandom): Waveform {
  const packet = Math.round((packetMs * sampleRateHz) / 1000);
  const share = 0.05 + 0.45 * severity;
  const out = Float32Array.from(samples);
  for (let from = 0; from < out.length; from += packet) if (random.uniform() < share) out.fill(0, from, from + packet);
  return { samples: out, sampleRateHz };
}
