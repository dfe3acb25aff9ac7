import { float32, type Tensors } from '@affinis/core';
import { readSileroManifest } from './silero-manifest.ts';
import { describeWithData, readDataJson, readFloats } from './testing/data.ts';
import { openDataModel, vadManifest } from './testing/voice-model.ts';
import { createSileroVoiceActivity, keepSpeech } from './voice-activity.ts';

const rule = { chunkSamples: 2, threshold: 0.5, paddingChunks: 1 };
const numbered = Float32Array.from({ length: 15 }, (_, i) => i);

describe('keepSpeech', () => {
  it('keeps chunks above the threshold and their neighbours', () => {
    const speech = keepSpeech(numbered, Float32Array.of(0, 0, 0, 0.9, 0, 0, 0.5, 0), rule);
    expect([...speech.samples]).toEqual([4, 5, 6, 7, 8, 9]);
    expect(speech.detectedSamples).toBe(2);
  });

  it('joins what lies apart, and stops at both ends', () => {
    const speech = keepSpeech(numbered, Float32Array.of(0.9, 0, 0, 0, 0, 0, 0, 0.9), rule);
    expect([...speech.samples]).toEqual([0, 1, 2, 3, 12, 13, 14]);
    expect(speech.detectedSamples).toBe(3);
  });

  it('keeps nothing of noise', () => {
    expect(keepSpeech(numbered, new Float32Array(8), rule)).toEqual({
      samples: new Float32Array(0),
      detectedSamples: 0,
    });
  });
});

describe('readSileroManifest', () => {
  it('refuses a model of another task or rate', () => {
    expect(() => readSileroManifest(vadManifest({ task: 'embedding' }), 16_000)).toThrow(/no voice activity model/);
    expect(() => readSileroManifest(vadManifest(), 8000)).toThrow(/wants 16000 Hz/);
  });
});

it('hears one recording as it does alone while another one is heard', async () => {
  const manifest = vadManifest();
  // Says what it was given: the loudest of window and state, a turn of the event loop later.
  const run = async ({ input, state }: Tensors) => {
    await new Promise(setImmediate);
    const values = [input, state].flatMap((tensor) => Array.from(tensor?.data ?? [], Number));
    const heard = Math.max(...values.slice(0, 576), ...values.slice(576).map((value) => value / 2));
    return {
      output: float32([1, 1], Float32Array.of(heard)),
      stateN: float32([2, 1, 128], new Float32Array(256).fill(heard)),
    };
  };
  const session = { inputNames: [], outputNames: [], run, dispose: async () => undefined };
  const { probabilities } = createSileroVoiceActivity({ manifest, session }, readSileroManifest(manifest, 16_000));
  const waves = [1, 2].map((seed) =>
    Float32Array.from({ length: 512 * 8 }, (_, at) => Math.abs(Math.sin(seed * at * at))),
  );
  const alone = [];
  for (const wave of waves) alone.push(await probabilities(wave));
  expect(await Promise.all(waves.map(probabilities))).toEqual(alone);
});

describeWithData('Silero', () => {
  it('gives the golden probabilities within 1e-3, time after time', async () => {
    const golden = readDataJson<{ probabilities: number[] }>('reference/silero-golden.json').probabilities;
    const wave = readFloats('reference/ge2e-golden-wave.npy').map((sample) => sample / 32_768);
    const manifest = vadManifest();
    const session = await openDataModel('vad-silero-16k.onnx');
    try {
      const activity = createSileroVoiceActivity({ manifest, session }, readSileroManifest(manifest, 16_000));
      for (let round = 0; round < 2; round++) {
        const found = await activity.probabilities(wave);
        expect(found.length).toBe(golden.length);
        for (const [chunk, probability] of golden.entries())
          expect(Math.abs((found[chunk] ?? 0) - probability)).toBeLessThan(1e-3);
      }
    } finally {
      await session.dispose();
    }
  });
});
