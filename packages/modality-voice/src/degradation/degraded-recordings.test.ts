import { createSeededRandom, type LoadedModel, type PcmSample, type Prepared, type Sample } from '@affinis/core';
import { voiceModality } from '../index.ts';
import { createPowerSpectra } from '../power-spectrum.ts';
import { readSample } from '../testing/data.ts';
import { cosine, decibels, tone } from '../testing/signals.ts';
import { contextFor, openSession, shippedModelPath, vadManifest, voiceManifest } from '../testing/voice-model.ts';
import { writeWav } from '../testing/wav.ts';
import { pinkNoise } from './additive.ts';
import { voiceDegradations } from './kinds.ts';

const rate = 16_000;
const recording = (name: string): Sample => ({ kind: 'media', bytes: readSample(`voices/${name}.flac`) });
const pcm = (samples: Float32Array): PcmSample => ({ kind: 'pcm', samples, sampleRateHz: rate, channels: 1 });

const sessions: LoadedModel['session'][] = [];
const open = async (name: string) => {
  const session = await openSession(shippedModelPath(name));
  sessions.push(session);
  return session;
};
afterAll(async () => {
  for (const session of sessions) await session.dispose();
});

async function preprocess(vad: 'vad' | 'none' = 'none') {
  const models = vad === 'vad' ? { vad: { manifest: vadManifest(), session: await open('vad-silero-16k') } } : {};
  const { canonical, degrade, prepare } = await voiceModality.open(contextFor(voiceManifest({ vad }), {}, models));
  if (!canonical || !degrade) throw new Error('the voice modality degrades');
  return { prepare, degrade, canonical: async (sample: Sample) => (await canonical(sample)) as PcmSample };
}

const bytesOf = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
const same = (one: PcmSample, other: PcmSample) => Buffer.compare(bytesOf(one.samples), bytesOf(other.samples)) === 0;
const melOf = ({ inputs }: Prepared) => inputs.mel?.data as Float32Array;

describe('the canonical form', () => {
  it.each([
    ['vad', 'voices/storm-1.flac'],
    ['none', 'formats/voice-96khz-stereo-24bit.wav'],
  ] as const)('is prepared as the recording is (voice activity: %s, %s)', async (vad, file) => {
    const { canonical, prepare } = await preprocess(vad);
    const sample: Sample = { kind: 'media', bytes: readSample(file) };
    const form = await canonical(sample);
    expect(form).toMatchObject({ kind: 'pcm', sampleRateHz: rate, channels: 1 });
    const [fromForm, fromSample] = [await prepare(form), await prepare(sample)];
    expect(fromForm.rows).toBe(fromSample.rows);
    expect(Buffer.compare(bytesOf(melOf(fromForm)), bytesOf(melOf(fromSample)))).toBe(0);
  });

  it('is left alone where it is one, kept acceptable, and refused for texts', async () => {
    const { canonical, prepare } = await preprocess();
    const loud = tone(440, rate, rate, 1.4);
    expect((await canonical(pcm(loud))).samples).toBe(loud);
    const overdriven = writeWav([tone(440, rate, rate, 5)], rate, '32f');
    const form = await canonical({ kind: 'media', bytes: overdriven });
    await expect(prepare(form)).resolves.toBeDefined();
    await expect(canonical({ kind: 'text', text: 'hello' })).rejects.toMatchObject({ reason: 'UNSUPPORTED_KIND' });
  });
});

describe('degraded recordings', () => {
  it('depend on the seed, lie within -1 to 1, and are clean for a third of mixed', async () => {
    const { canonical, degrade } = await preprocess();
    const clean = await canonical(recording('klatt-1'));
    let untouched = 0;
    for (let seed = 0; seed < 30; seed++) {
      const copy = (await degrade(clean, { recipe: 'mixed', seed })) as PcmSample;
      expect(same(copy, (await degrade(clean, { recipe: 'mixed', seed })) as PcmSample)).toBe(true);
      let peak = 0;
      for (const sample of copy.samples) peak = Math.max(peak, Math.abs(sample));
      expect(peak).toBeLessThanOrEqual(1);
      if (same(copy, clean)) untouched++;
    }
    expect(untouched).toBeGreaterThan(3);
    expect(untouched).toBeLessThan(18);
  });

  it('are prepared like others, or honestly refused where no speech is left', async () => {
    const { canonical, degrade, prepare } = await preprocess('vad');
    const clean = await canonical(recording('steph-1'));
    let accepted = 0;
    for (const { name } of voiceDegradations)
      for (const severity of [0, 0.5, 1]) {
        const copy = await degrade(clean, { recipe: `${name}:${severity}`, seed: 3 });
        const outcome = await prepare(copy).catch((error: { reason: string }) => error.reason);
        if (typeof outcome === 'string') expect(outcome).toBe('NO_SPEECH');
        else accepted++;
      }
    expect(accepted).toBeGreaterThan(2 * voiceDegradations.length);
  });

  it('are not made by unknown recipes, nor of anything but mono sound', async () => {
    const { degrade } = await preprocess();
    const wave = pcm(tone(300, rate, rate));
    await expect(degrade(wave, { recipe: 'blur', seed: 1 })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('shortening, reverberation'),
    });
    for (const sample of [{ ...wave, channels: 2 }, recording('klatt-1')])
      await expect(degrade(sample, { recipe: 'any', seed: 1 })).rejects.toMatchObject({ reason: 'UNSUPPORTED_KIND' });
  });

  it.each(voiceDegradations.filter(({ seen }) => seen).map(({ name }) => name))(
    '%s moves an embedding the further the more severe it is',
    async (name) => {
      const { canonical, degrade, prepare } = await preprocess();
      const session = await open('speaker-ge2e-int8');
      const embed = async (sample: Sample) => meanRow(await session.run((await prepare(sample)).inputs, ['embedding']));
      const likeness = { mild: 0, severe: 0 };
      for (const voice of ['andrea-1', 'storm-2']) {
        const clean = await canonical(recording(voice));
        const vector = await embed(clean);
        for (const [extent, severity] of [
          ['mild', 0],
          ['severe', 1],
        ] as const)
          likeness[extent] += cosine(
            vector,
            await embed(await degrade(clean, { recipe: `${name}:${severity}`, seed: 2 })),
          );
      }
      expect(likeness.mild).toBeGreaterThan(likeness.severe + 0.02);
    },
  );
});

it('pink noise has as much power in every octave', () => {
  const [size, pieces] = [1024, 128];
  const noise = pinkNoise(size * pieces, createSeededRandom(1));
  const spectra = createPowerSpectra(size);
  const [one, other] = [new Float64Array(size / 2 + 1), new Float64Array(size / 2 + 1)];
  const sums = new Float64Array(size / 2 + 1);
  for (let from = 0; from < noise.length; from += 2 * size) {
    const piece = (start: number) => Float64Array.from(noise.subarray(start, start + size));
    spectra(piece(from), piece(from + size), one, other);
    for (let bin = 0; bin < sums.length; bin++) sums[bin] = (sums[bin] ?? 0) + (one[bin] ?? 0) + (other[bin] ?? 0);
  }
  const levels = [8, 16, 32, 64, 128].map((bin) =>
    decibels(Math.sqrt(sums.subarray(bin, 2 * bin).reduce((sum, power) => sum + power, 0))),
  );
  expect(Math.max(...levels) - Math.min(...levels)).toBeLessThan(1.5);
});

/** The mean of an embedding's rows. */
function meanRow({ embedding }: Awaited<ReturnType<LoadedModel['session']['run']>>): Float64Array {
  if (embedding?.dtype !== 'float32') throw new Error('no embedding');
  const mean = new Float64Array(256);
  for (const [at, value] of embedding.data.entries()) mean[at % 256] = (mean[at % 256] ?? 0) + value;
  return mean;
}
