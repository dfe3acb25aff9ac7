import { resample } from './resample.ts';
import { amplitudeAt, decibels, tone } from './testing/signals.ts';

const target = 16_000;
/** Without the ends, where the filter meets silence. */
const inner = (samples: Float32Array) => samples.subarray(1000, samples.length - 1000);

describe.each([8000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000])('resample from %i Hz', (rate) => {
  it('is flat up to 0.8 of the lower Nyquist frequency', async () => {
    const edge = (0.8 * Math.min(rate, target)) / 2;
    for (const hz of [60, 440, edge / 2, edge]) {
      const samples = await resample(tone(hz, rate, rate), rate, target);
      expect(samples.length).toBe(target);
      expect(Math.abs(decibels(amplitudeAt(inner(samples), hz, target) / 0.5))).toBeLessThan(0.1);
    }
  });

  it('keeps aliases below -60 dB', async () => {
    for (const hz of [9000, 10_500, 15_000, 20_000, 30_000].filter((frequency) => frequency < rate / 2)) {
      const samples = inner(await resample(tone(hz, rate, rate), rate, target));
      const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      expect(decibels(loudest / 0.5)).toBeLessThan(-60);
    }
  });

  it('neither delays nor distorts', async () => {
    const samples = await resample(tone(440, rate, rate), rate, target);
    const wanted = tone(440, target, target);
    const worst = inner(samples).reduce(
      (most, sample, i) => Math.max(most, Math.abs(sample - (wanted[i + 1000] ?? 0))),
      0,
    );
    expect(decibels(worst / 0.5)).toBeLessThan(-90);
  });
});

it('keeps the end of a recording that the library takes in pieces, and no state between two of them', async () => {
  const long = tone(440, 48_000, 48_000 * 25);
  for (let round = 0; round < 2; round++) {
    const samples = await resample(long, 48_000, target);
    expect(samples.length).toBe(25 * target);
    const end = samples.subarray(-4000);
    expect(amplitudeAt(end, 440, target)).toBeCloseTo(0.5, 2);
    expect(Math.abs((samples[200_000] ?? 0) - 0.5 * Math.sin((2 * Math.PI * 440 * 200_000) / target))).toBeLessThan(
      1e-4,
    );
  }
});

it('returns samples at the right rate as they are', async () => {
  const samples = tone(440, target, 100);
  expect(await resample(samples, target, target)).toBe(samples);
});
