import { type MelRule, melSpectrogram } from './mel.ts';
import { createMelFilterbank } from './mel-filterbank.ts';
import { describeWithData, readDataJson, readFloats, readNpy } from './testing/data.ts';
import { tone } from './testing/signals.ts';

const rule: MelRule = {
  fftSize: 400,
  windowSize: 400,
  hopSize: 160,
  sampleRate: 16_000,
  bands: 40,
  fminHz: 0,
  fmaxHz: 8000,
};

interface Golden {
  gain: number;
  padded_samples: number;
  tone: { mel_shape: number[]; mel_frame5: number[] };
}

/** The definition, without any fast transform: O(n²), float64. */
function powerByDefinition(frame: Float64Array, bin: number): number {
  let [re, im] = [0, 0];
  for (const [n, value] of frame.entries()) {
    re += value * Math.cos((2 * Math.PI * bin * n) / frame.length);
    im -= value * Math.sin((2 * Math.PI * bin * n) / frame.length);
  }
  return re * re + im * im;
}

describe('melSpectrogram', () => {
  it.each([
    { ...rule, name: 'Bluestein' },
    { ...rule, fftSize: 512, name: 'a power of two, window shorter than the transform' },
  ])('agrees with the definition of the DFT: $name', (sizes) => {
    const samples = Float32Array.from({ length: 1600 }, (_, n) => Math.sin(n * n * 0.001) * 0.3 + Math.cos(n) * 0.01);
    const mel = melSpectrogram(samples, sizes);
    expect(mel.frames).toBe(11);
    const bank = createMelFilterbank(sizes);
    for (const index of [0, 1, 5, 10]) {
      const frame = new Float64Array(sizes.fftSize);
      for (let i = 0; i < 400; i++) {
        const at = index * 160 - 200 + i;
        frame[i] = (samples[at] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / 400));
      }
      for (const band of [0, 3, 20, 39]) {
        const { first = 0, weights = [] } = bank[band] ?? {};
        let expected = 0;
        for (const [i, weight] of weights.entries()) expected += weight * powerByDefinition(frame, first + i);
        expect(mel.data[index * 40 + band]).toBeCloseTo(expected, 5);
      }
    }
  });

  it('gives one frame of zeros for no samples', () => {
    const mel = melSpectrogram(new Float32Array(0), rule);
    expect(mel.frames).toBe(1);
    expect(mel.data.every((value) => value === 0)).toBe(true);
  });
});

describeWithData('melSpectrogram against librosa', () => {
  const readGolden = () => readDataJson<Golden>('reference/ge2e-golden.json');

  it('has the filterbank of librosa.filters.mel', () => {
    const { shape, data } = readNpy('reference/ge2e-mel-filterbank.npy');
    expect(shape).toEqual([40, 201]);
    const dense = new Float32Array(40 * 201);
    for (const [band, { first, weights }] of createMelFilterbank(rule).entries())
      dense.set(weights, band * 201 + first);
    const worst = dense.reduce((most, value, i) => Math.max(most, Math.abs(value - (data[i] ?? 0))), 0);
    expect(worst).toBeLessThan(1e-8);
  });

  it('matches the golden spectrogram within 1e-4', () => {
    const golden = readGolden();
    const wave = new Float32Array(golden.padded_samples);
    wave.set(readFloats('reference/ge2e-golden-wave.npy').map((sample) => (sample / 32_768) * golden.gain));
    const expected = readNpy('reference/ge2e-golden-mel.npy');
    const mel = melSpectrogram(wave, rule);
    expect([mel.frames, mel.bands]).toEqual(expected.shape);
    const worst = mel.data.reduce((most, value, i) => {
      const wanted = expected.data[i] ?? 0;
      return Math.max(most, Math.abs(value - wanted) / Math.max(wanted, 1e-9));
    }, 0);
    expect(worst).toBeLessThan(1e-4);
  });

  it('matches the golden tone', () => {
    const { mel_shape: shape, mel_frame5: frame } = readGolden().tone;
    const mel = melSpectrogram(tone(440, 16_000, 1600, 0.1), rule);
    expect([mel.frames, mel.bands]).toEqual(shape);
    for (const [band, wanted] of frame.entries())
      expect(Math.abs((mel.data[5 * 40 + band] ?? 0) - wanted)).toBeLessThan(Math.max(1e-4 * wanted, 1e-10));
  });
});
