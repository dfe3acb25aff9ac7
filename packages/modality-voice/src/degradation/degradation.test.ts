import { createSeededRandom } from '@affinis/core';
import { voiceDegradations, type Waveform } from './kinds.ts';

const rate = 16_000;
const tone = (hertz: number, seconds = 2): Waveform => ({
  samples: Float32Array.from({ length: rate * seconds }, (_, at) => 0.5 * Math.sin((2 * Math.PI * hertz * at) / rate)),
  sampleRateHz: rate,
});
const degrade = (name: string, severity: number, wave = tone(500), seed = 1): Waveform => {
  const kind = voiceDegradations.find((each) => each.name === name);
  if (!kind) throw new Error(name);
  return kind.apply(wave, severity, createSeededRandom(seed)) as Waveform;
};
const power = (samples: ArrayLike<number>) =>
  Array.from(samples).reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
const decibels = (ratio: number) => 10 * Math.log10(ratio);

describe.each(voiceDegradations.map(({ name }) => name))('%s', (name) => {
  it('keeps rate and finite values, the same for the same seed', () => {
    for (const severity of [0, 0.5, 1]) {
      const degraded = degrade(name, severity);
      expect(degraded.sampleRateHz).toBe(rate);
      expect(degraded.samples.every(Number.isFinite)).toBe(true);
      expect(degraded.samples.length).toBeGreaterThan(0.7 * rate);
      expect(degrade(name, severity)).toEqual(degraded);
    }
  });
});

it.each(['noise', 'babble'])('%s lies as far below the voice as its severity says', (name) => {
  for (const severity of [0, 0.5, 1]) {
    const clean = tone(500);
    const { samples } = degrade(name, severity, clean);
    const noise = samples.map((sample, at) => sample - (clean.samples[at] ?? 0));
    expect(decibels(power(clean.samples) / power(noise))).toBeCloseTo(20 * (1 - severity), 1);
  }
});

it('a band limit lets a telephone’s band through, and 24 dB an octave less outside of it', () => {
  const gain = (hertz: number, severity: number) => {
    const { samples } = degrade('band', severity, tone(hertz));
    return decibels(power(samples.subarray(rate)) / power(tone(hertz).samples.subarray(rate)));
  };
  expect(gain(1000, 0)).toBeCloseTo(0, 0);
  expect(gain(3400, 0)).toBeCloseTo(-3, 0);
  expect(gain(300, 0)).toBeCloseTo(-3, 0);
  expect(gain(150, 0)).toBeCloseTo(-24, 0);
  expect(gain(2000, 1)).toBeLessThan(-22);
});

it('shortening leaves a piece of the recording', () => {
  const long = tone(500, 10);
  expect(degrade('shortening', 0, long).samples.length).toBe(3 * rate);
  expect(degrade('shortening', 1, long).samples.length).toBe(0.8 * rate);
  expect(degrade('shortening', 0, tone(500, 1)).samples.length).toBe(rate);
});

it('clipping cuts at its share of the peak, gaps take out theirs of the packets', () => {
  expect(Math.max(...degrade('clipping', 1).samples)).toBeCloseTo(0.5 * 0.05, 3);
  const silent = degrade('gaps', 1, tone(500, 20)).samples.filter((sample) => sample === 0).length / (20 * rate);
  expect(silent).toBeGreaterThan(0.4);
  expect(silent).toBeLessThan(0.6);
});
