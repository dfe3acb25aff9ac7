import { AffinisError, float32, type LoadedModel, type Prepared, type Sample, type Tensor } from '@affinis/core';
import plugin, { voiceModality } from './index.ts';
import { describeWithData, readDataJson, readFloats, readNpy, readSample } from './testing/data.ts';
import { cosine, tone } from './testing/signals.ts';
import {
  contextFor,
  openDataModel,
  openSession,
  shippedModelPath,
  vadManifest,
  voiceManifest,
} from './testing/voice-model.ts';

const open = (
  input: Record<string, unknown> = {},
  options: Record<string, unknown> = {},
  models?: Record<string, LoadedModel>,
) => voiceModality.open(contextFor(voiceManifest(input), options, models));

const pcm = (samples: Float32Array, sampleRateHz = 16_000, channels = 1): Sample => ({
  kind: 'pcm',
  samples,
  sampleRateHz,
  channels,
});

const melOf = ({ inputs }: Prepared): Float32Array => inputs.mel?.data as Float32Array;

async function refusal(work: Promise<unknown>): Promise<AffinisError> {
  const thrown = await work.then(
    () => new Error('nothing was refused'),
    (error: unknown) => error,
  );
  if (!(thrown instanceof AffinisError)) throw thrown;
  expect(thrown.message).toMatch(/^\[modality-voice\] /);
  return thrown;
}

/** What core does with the rows: the mean of unit rows, scaled to norm 1. */
async function embed(session: LoadedModel['session'], prepared: Prepared): Promise<Float64Array> {
  const { embedding } = await session.run(prepared.inputs, ['embedding']);
  if (embedding?.dtype !== 'float32') throw new Error('no embedding');
  const mean = new Float64Array(256);
  for (let row = 0; row < prepared.rows; row++) {
    const vector = embedding.data.subarray(row * 256, (row + 1) * 256);
    const norm = Math.hypot(...vector);
    for (const [i, value] of vector.entries()) mean[i] = (mean[i] ?? 0) + value / norm;
  }
  const norm = Math.hypot(...mean);
  return mean.map((value) => value / norm);
}

/** A detector that says "speech" for whatever share of the chunks it is told. */
const fakeDetector = (isSpeech: (chunk: number) => boolean): LoadedModel => {
  let chunk = 0;
  return {
    manifest: vadManifest(),
    session: {
      inputNames: ['input', 'state', 'sr'],
      outputNames: ['output', 'stateN'],
      run: async ({ state }) => ({
        output: float32([1, 1], Float32Array.of(isSpeech(chunk++) ? 0.9 : 0.1)),
        stateN: state as Tensor,
      }),
      dispose: async () => undefined,
    },
  };
};

it('is a plugin with one modality', () => {
  expect(plugin.modalities?.map(({ id }) => id)).toEqual(['voice']);
});

describe('prepare', () => {
  it('makes one row a slice, and says what it found', async () => {
    const preprocessor = await open();
    const prepared = await preprocessor.prepare(pcm(tone(300, 16_000, 48_000)));
    expect(prepared.rows).toBe(3);
    expect(prepared.inputs.mel?.shape).toEqual([3, 160, 40]);
    expect(prepared.info).toEqual({
      kind: 'voice',
      durationMs: 3000,
      speechMs: 3000,
      sampleRateHz: 16_000,
      channels: 1,
      slices: 3,
    });
    expect(prepared.decodeMs).toBeGreaterThanOrEqual(0);
  });

  it('tells rate, channels and length as they were recorded', async () => {
    const preprocessor = await open();
    const media: Sample = { kind: 'media', bytes: readSample('formats/voice-96khz-stereo-24bit.wav') };
    const { info } = await preprocessor.prepare(media);
    expect(info).toMatchObject({ sampleRateHz: 96_000, channels: 2, durationMs: 250, slices: 1 });
  });

  it.each([8000, 48_000, 96_000])('gives nearly the same slices for the same sound at %i Hz', async (rate) => {
    const preprocessor = await open();
    const chord = (at: number) => {
      const tones = [200, 700, 1500, 2900].map((hz) => tone(hz, at, at * 2, 0.1));
      return Float32Array.from({ length: at * 2 }, (_, n) => tones.reduce((sum, wave) => sum + (wave[n] ?? 0), 0));
    };
    const [wanted, found] = [
      await preprocessor.prepare(pcm(chord(16_000))),
      await preprocessor.prepare(pcm(chord(rate), rate)),
    ];
    expect(cosine(melOf(found), melOf(wanted))).toBeGreaterThan(0.9999);
  });

  it('averages interleaved channels', async () => {
    const preprocessor = await open();
    const mono = tone(300, 16_000, 32_000, 0.2);
    const stereo = Float32Array.from({ length: 64_000 }, (_, i) => (mono[i >> 1] ?? 0) * (i % 2 === 0 ? 1.5 : 0.5));
    const [one, two] = [await preprocessor.prepare(pcm(mono)), await preprocessor.prepare(pcm(stereo, 16_000, 2))];
    expect(cosine(melOf(one), melOf(two))).toBeCloseTo(1, 6);
  });

  it('takes ready mel tensors as they are', async () => {
    const preprocessor = await open();
    const data = new Float32Array(2 * 160 * 40).fill(0.5);
    const rows = await preprocessor.prepare({ kind: 'tensor', tensor: float32([2, 160, 40], data) });
    expect(rows).toMatchObject({ rows: 2, decodeMs: 0 });
    expect(melOf(rows)).toBe(data);
    const one = await preprocessor.prepare({ kind: 'tensor', tensor: float32([160, 40], data.subarray(0, 6400)) });
    expect(one.inputs.mel?.shape).toEqual([1, 160, 40]);
  });

  it('keeps what the detector calls speech', async () => {
    const detector = fakeDetector((chunk) => chunk >= 20 && chunk < 40);
    const preprocessor = await open({ vad: 'vad' }, {}, { vad: detector });
    const { info } = await preprocessor.prepare(pcm(tone(300, 16_000, 48_000)));
    expect(info).toMatchObject({ durationMs: 3000, speechMs: (26 * 512) / 16 });
  });
});

describe('several samples at once', () => {
  it('are prepared as if they came one by one, a refused one among them', async () => {
    const session = await openSession(shippedModelPath('vad-silero-16k'));
    try {
      const preprocessor = await open({ vad: 'vad' }, {}, { vad: { manifest: vadManifest(), session } });
      const samples = ['andrea-1', 'klatt-1', 'storm-1'].map(
        (voice): Sample => ({ kind: 'media', bytes: readSample(`voices/${voice}.flac`) }),
      );
      const alone: Prepared[] = [];
      for (const sample of samples) alone.push(await preprocessor.prepare(sample));
      const silence = pcm(new Float32Array(16_000));
      const together = await Promise.allSettled([silence, ...samples].map((sample) => preprocessor.prepare(sample)));
      expect(together.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
      for (const [i, outcome] of together.slice(1).entries())
        expect(outcome).toMatchObject({ value: { inputs: alone[i]?.inputs, info: alone[i]?.info } });
    } finally {
      await session.dispose();
    }
  });
});

describe('refuses', () => {
  const bad = async (sample: Sample, options: Record<string, unknown> = {}) =>
    refusal((await open({}, options)).prepare(sample));
  const wave = tone(300, 16_000, 16_000);
  const withValue = (value: number) => Float32Array.from(wave, (sample, i) => (i === 777 ? value : sample));

  it.each<[string, Sample, string, string]>([
    ['text', { kind: 'text', text: 'hello' }, 'text', 'UNSUPPORTED_KIND'],
    ['an image', { kind: 'media', bytes: Uint8Array.of(0xff, 0xd8, 0xff) }, 'media', 'UNSUPPORTED_FORMAT'],
    ['no bytes', { kind: 'media', bytes: new Uint8Array(0) }, 'media', 'EMPTY'],
    ['no samples', pcm(new Float32Array(0)), 'pcm.samples', 'EMPTY'],
    ['no rate', pcm(wave, 0), 'pcm.sample_rate_hz', 'BAD_PCM'],
    ['too low a rate', pcm(wave, 3999), 'pcm.sample_rate_hz', 'BAD_PCM'],
    ['too high a rate', pcm(wave, 192_001), 'pcm.sample_rate_hz', 'BAD_PCM'],
    ['9 channels', pcm(wave, 16_000, 9), 'pcm.channels', 'BAD_PCM'],
    ['half a frame', pcm(wave.subarray(1), 16_000, 2), 'pcm.samples', 'BAD_PCM'],
    ['NaN', pcm(withValue(Number.NaN)), 'pcm.samples', 'BAD_PCM'],
    ['infinity', pcm(withValue(Number.POSITIVE_INFINITY)), 'pcm.samples', 'BAD_PCM'],
    ['16-bit integers', pcm(withValue(20_000)), 'pcm.samples', 'BAD_PCM'],
    ['49 ms', pcm(wave.subarray(0, 784)), 'pcm.samples', 'TOO_SHORT'],
    ['digital silence', pcm(new Float32Array(16_000)), 'pcm.samples', 'NO_SPEECH'],
    ['a constant', pcm(new Float32Array(16_000).fill(0.3)), 'pcm.samples', 'NO_SPEECH'],
    ['the noise of 16-bit dither', pcm(wave.map((_, i) => (i % 2 ? 1 : -1) / 32_768)), 'pcm.samples', 'NO_SPEECH'],
    [
      'another tensor shape',
      { kind: 'tensor', tensor: float32([1, 80, 40], new Float32Array(3200)) },
      'tensor.shape',
      'BAD_TENSOR',
    ],
    [
      'a tensor without rows',
      { kind: 'tensor', tensor: float32([0, 160, 40], new Float32Array(0)) },
      'tensor.shape',
      'BAD_TENSOR',
    ],
    [
      'a flat tensor',
      { kind: 'tensor', tensor: float32([6400], new Float32Array(6400)) },
      'tensor.shape',
      'BAD_TENSOR',
    ],
    [
      'too few values',
      { kind: 'tensor', tensor: float32([160, 40], new Float32Array(3)) },
      'tensor.data',
      'BAD_TENSOR',
    ],
    [
      'negative powers',
      { kind: 'tensor', tensor: float32([160, 40], new Float32Array(6400).fill(-1)) },
      'tensor.data',
      'BAD_TENSOR',
    ],
    [
      'an integer tensor',
      { kind: 'tensor', tensor: { dtype: 'uint8', shape: [160, 40], data: new Uint8Array(6400) } },
      'tensor.dtype',
      'BAD_TENSOR',
    ],
  ])('%s', async (_name, sample, field, reason) => {
    expect(await bad(sample)).toMatchObject({ code: 'invalid-argument', field, reason });
  });

  it('what is longer than the option allows', async () => {
    const options = { maxDurationMs: 900 };
    expect(await bad(pcm(wave), options)).toMatchObject({ reason: 'TOO_LONG', field: 'pcm.samples' });
    const tensor = float32([9, 160, 40], new Float32Array(9 * 6400));
    expect(await bad({ kind: 'tensor', tensor }, options)).toMatchObject({ reason: 'TOO_LONG', field: 'tensor.shape' });
  });

  it('a recording in which the detector hears too little speech', async () => {
    const detector = fakeDetector((chunk) => chunk < 2);
    const preprocessor = await open({ vad: 'vad' }, { minSpeechMs: 100 }, { vad: detector });
    const error = await refusal(preprocessor.prepare(pcm(wave)));
    expect(error).toMatchObject({
      reason: 'NO_SPEECH',
      field: 'pcm.samples',
      message: expect.stringMatching(/64 ms of speech/),
    });
  });
});

describe('open', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['an input of another modality', { mel: undefined }, {}],
    ['a window larger than the transform', { mel: { ...(voiceManifest().input.mel as object), windowSize: 800 } }, {}],
    ['bands above half the rate', { sampleRate: 8000 }, {}],
    ['an unknown option', {}, { faces: 'single' }],
    ['a senseless option', {}, { maxDurationMs: -1 }],
  ])('refuses %s', async (_name, input, options) => {
    expect(await refusal(open(input, options))).toMatchObject({
      code: 'failed-precondition',
      reason: 'MODEL_UNUSABLE',
    });
  });

  it('refuses a detector that is none', async () => {
    const model = { ...fakeDetector(() => true), manifest: voiceManifest() };
    expect(await refusal(open({ vad: 'vad' }, {}, { vad: model }))).toMatchObject({
      code: 'failed-precondition',
      field: 'vad',
    });
  });

  it('loads no detector where the option says none', async () => {
    const preprocessor = await open({ vad: 'vad' }, { vad: 'none' });
    expect((await preprocessor.prepare(pcm(tone(300, 16_000, 16_000)))).rows).toBe(1);
  });
});

describe('cost and accepts', () => {
  it('estimates rows from sizes', () => {
    const cost = (sample: Sample) => voiceModality.cost?.(sample);
    expect(cost(pcm(new Float32Array(7.7 * 48_000 * 2), 48_000, 2))).toBeCloseTo(10);
    expect(cost({ kind: 'media', bytes: readSample('voices/storm-1.flac') })).toBeGreaterThanOrEqual(1);
    expect(cost({ kind: 'tensor', tensor: float32([4, 160, 40], new Float32Array(0)) })).toBe(4);
  });

  it('knows recordings by their first bytes', () => {
    const accepts = (bytes: Uint8Array) => voiceModality.accepts?.({ kind: 'media', bytes });
    for (const file of ['voice.wav', 'voice.flac', 'voice.mp3', 'voice.ogg', 'voice.opus'])
      expect(accepts(readSample(`formats/${file}`).subarray(0, 256))).toBe(true);
    expect(accepts(readSample('formats/face.webp'))).toBe(false);
    expect(voiceModality.accepts?.({ kind: 'text', text: 'x' })).toBe(false);
  });
});

interface Fixture {
  readonly file: string;
  readonly gain: number;
  readonly partialStartsFrames: readonly number[];
  readonly mel: Readonly<Record<string, readonly number[]>>;
  readonly embedding: readonly number[];
}

const { recordings } = JSON.parse(new TextDecoder().decode(readSample('voices/fixtures.json'))) as {
  recordings: Fixture[];
};

describe('the sample voices, as the original Python package sees them', () => {
  it.each(recordings)('$file', async ({ file, partialStartsFrames, mel, embedding }) => {
    const session = await openSession(shippedModelPath('speaker-ge2e-int8'));
    try {
      const prepared = await (await open()).prepare({
        kind: 'media',
        bytes: readSample(`voices/${file}`),
        mediaType: 'audio/flac',
      });
      expect(prepared.rows).toBe(partialStartsFrames.length);
      const data = melOf(prepared);
      for (const [frame, wanted] of Object.entries(mel)) {
        const row = partialStartsFrames.findLastIndex((start) => start <= Number(frame));
        const at = (row * 160 + Number(frame) - (partialStartsFrames[row] ?? 0)) * 40;
        const largest = Math.max(...wanted);
        for (const [band, value] of wanted.entries())
          expect(Math.abs((data[at + band] ?? 0) - value)).toBeLessThanOrEqual(1e-4 * value + 1e-6 * largest + 1e-20);
      }
      expect(cosine(await embed(session, prepared), embedding)).toBeGreaterThan(0.97);
    } finally {
      await session.dispose();
    }
  });
});

describeWithData('the golden recording', () => {
  const prepareGolden = async () =>
    (await open()).prepare(pcm(readFloats('reference/ge2e-golden-wave.npy').map((sample) => sample / 32_768)));

  it('gives the golden slices', async () => {
    const { partial_starts_frames: starts } = readDataJson<{ partial_starts_frames: number[] }>(
      'reference/ge2e-golden.json',
    );
    const expected = readNpy('reference/ge2e-golden-mel.npy').data;
    const prepared = await prepareGolden();
    expect(prepared.rows).toBe(starts.length);
    for (const [row, start] of starts.entries())
      for (const [i, value] of melOf(prepared)
        .subarray(row * 6400, (row + 1) * 6400)
        .entries()) {
        const wanted = expected[start * 40 + i] ?? 0;
        if (Math.abs(value - wanted) > 1e-4 * wanted + 1e-9)
          throw new Error(`row ${row}, value ${i}: ${value}, not ${wanted}`);
      }
  });

  it('gives the golden embedding within 1e-4, and the int8 model its cosine', async () => {
    const { int8 } = readDataJson<{ int8: { cosine_with_embedding: number } }>('reference/ge2e-golden.json');
    const expected = readFloats('reference/ge2e-golden-embedding.npy');
    const prepared = await prepareGolden();
    const full = await openDataModel('speaker-ge2e.onnx');
    const small = await openDataModel('speaker-ge2e-int8.onnx');
    try {
      const embedding = await embed(full, prepared);
      for (const [i, value] of expected.entries()) expect(Math.abs((embedding[i] ?? 0) - value)).toBeLessThan(1e-4);
      expect(Math.abs(cosine(await embed(small, prepared), expected) - int8.cosine_with_embedding)).toBeLessThan(0.005);
    } finally {
      await full.dispose();
      await small.dispose();
    }
  });

  it('is not alone: the float model gives the sample voices their embeddings within 1e-3', async () => {
    const session = await openDataModel('speaker-ge2e.onnx');
    try {
      const preprocessor = await open();
      for (const { file, embedding } of recordings) {
        const found = await embed(
          session,
          await preprocessor.prepare({ kind: 'media', bytes: readSample(`voices/${file}`) }),
        );
        for (const [i, value] of embedding.entries()) expect(Math.abs((found[i] ?? 0) - value)).toBeLessThan(1e-3);
      }
    } finally {
      await session.dispose();
    }
  });

  it('loses its silence to Silero', async () => {
    const session = await openDataModel('vad-silero-16k.onnx');
    try {
      const preprocessor = await open({ vad: 'vad' }, {}, { vad: { manifest: vadManifest(), session } });
      const wave = readFloats('reference/ge2e-golden-wave.npy').map((sample) => sample / 32_768);
      const { info } = await preprocessor.prepare(pcm(wave));
      expect(info).toMatchObject({ durationMs: 3000 });
      const { speechMs } = info as { speechMs: number };
      // 59 chunks above 0.5 by the golden probabilities, and 3 on each side; the gain shifts a chunk or two.
      expect(Math.abs(speechMs - 65 * 32)).toBeLessThan(200);
      expect(await refusal(preprocessor.prepare(pcm(tone(300, 16_000, 48_000))))).toMatchObject({
        reason: 'NO_SPEECH',
      });
    } finally {
      await session.dispose();
    }
  });
});
