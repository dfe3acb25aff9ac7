import type { Waveform } from './kinds.ts';

const highPassHz = 300;

/** A telephone or worse: nothing below 300 Hz, nothing above 3400 to 1000 Hz (fourth-order Butterworth each way). */
export function bandLimit({ samples, sampleRateHz }: Waveform, severity: number): Waveform {
  const lowPassHz = 3400 * (1000 / 3400) ** severity;
  let filtered = samples;
  for (const q of [0.541196, 1.306563]) {
    filtered = filter(filtered, section('low', Math.min(lowPassHz, 0.45 * sampleRateHz), q, sampleRateHz));
    filtered = filter(filtered, section('high', highPassHz, q, sampleRateHz));
  }
  return { samples: filtered, sampleRateHz };
}

interface Section {
  readonly b: readonly [number, number, number];
  readonly a: readonly [number, number];
}

/** Second-order section (Bristow-Johnson, Cookbook formulae for audio EQ biquad filters). */
function section(kind: 'low' | 'high', cutoffHz: number, q: number, sampleRateHz: number): Section {
  const omega = (2 * Math.PI * cutoffHz) / sampleRateHz;
  const alpha = Math.sin(omega) / (2 * q);
  const cos = Math.cos(omega);
  const scale = 1 / (1 + alpha);
  const edge = ((kind === 'low' ? 1 - cos : 1 + cos) / 2) * scale;
  return { b: [edge, (kind === 'low' ? 2 : -2) * edge, edge], a: [-2 * cos * scale, (1 - alpha) * scale] };
}

function filter(samples: Float32Array, { b, a }: Section): Float32Array {
  const out = new Float32Array(samples.length);
  let [x1, x2, y1, y2] = [0, 0, 0, 0];
  for (let at = 0; at < samples.length; at++) {
    const x = samples[at] as number;
    const y = b[0] * x + b[1] * x1 + b[2] * x2 - a[0] * y1 - a[1] * y2;
    [x2, x1, y2, y1] = [x1, x, y1, y];
    out[at] = y;
  }
  return out;
}
