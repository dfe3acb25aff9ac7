import { AffinisError, float32, int64, type LoadedModel, type Tensor } from '@affinis/core';
import type { SileroManifest } from './silero-manifest.ts';

/** Finds speech in mono samples at the detector's rate. */
export interface VoiceActivity {
  readonly rule: SpeechRule;
  /** Probability of speech for each chunk; the last chunk is filled up with zeros. `float32[ceil(n / chunkSamples)]`. */
  probabilities(samples: Float32Array): Promise<Float32Array>;
}

export interface SpeechRule {
  readonly chunkSamples: number;
  /** A chunk above this probability is speech. */
  readonly threshold: number;
  /** Neighbours on each side that are kept with a speech chunk. */
  readonly paddingChunks: number;
}

export interface Speech {
  /** What is kept, joined. */
  readonly samples: Float32Array;
  /** Samples in chunks above the threshold, neighbours not counted. */
  readonly detectedSamples: number;
}

/** Runs Silero VAD chunk by chunk, its LSTM state handed on. Each chunk is preceded by the end of the one before. */
export function createSileroVoiceActivity({ session }: LoadedModel, manifest: SileroManifest): VoiceActivity {
  const { input, output, decoderOptions } = manifest;
  const { chunkSamples, contextSamples, stateShape } = input;
  const sampleRate = int64([], BigInt64Array.of(BigInt(input.sampleRate)));
  const stateLength = stateShape.reduce((product, size) => product * size, 1);
  const wanted = [output.tensors.probability, output.tensors.state];

  const step = async (audio: Tensor, state: Tensor): Promise<{ probability: number; state: Tensor }> => {
    const { tensors } = input;
    const inputs = { [tensors.audio]: audio, [tensors.state]: state, [tensors.sampleRate]: sampleRate };
    const outputs = await session.run(inputs, wanted);
    const [probability, next] = [outputs[output.tensors.probability], outputs[output.tensors.state]];
    if (probability?.dtype !== 'float32' || next?.dtype !== 'float32')
      throw new AffinisError(
        'internal',
        '[modality-voice] the voice activity model did not give what its manifest names',
      );
    return { probability: probability.data[0] ?? 0, state: next };
  };

  return {
    rule: { chunkSamples, ...decoderOptions },
    async probabilities(samples) {
      const found = new Float32Array(Math.ceil(samples.length / chunkSamples));
      // Each recording has its own window and state: another one's chunks may be run between its own.
      const window = new Float32Array(contextSamples + chunkSamples);
      const audio = float32([1, window.length], window);
      let state: Tensor = float32(stateShape, new Float32Array(stateLength));
      for (let chunk = 0; chunk < found.length; chunk++) {
        const start = chunk * chunkSamples;
        window.copyWithin(0, chunkSamples);
        window.fill(0, contextSamples);
        window.set(samples.subarray(start, start + chunkSamples), contextSamples);
        const result = await step(audio, state);
        found[chunk] = result.probability;
        state = result.state;
      }
      return found;
    },
  };
}

/** Keeps the chunks that are speech and their neighbours. */
export function keepSpeech(samples: Float32Array, probabilities: Float32Array, rule: SpeechRule): Speech {
  const { chunkSamples, threshold, paddingChunks } = rule;
  const keep = new Uint8Array(probabilities.length);
  const kept = new Float32Array(samples.length);
  let [keptSamples, detectedSamples] = [0, 0];
  const pieceOf = (chunk: number) => samples.subarray(chunk * chunkSamples, (chunk + 1) * chunkSamples);
  for (const [chunk, probability] of probabilities.entries()) {
    if (probability <= threshold) continue;
    detectedSamples += pieceOf(chunk).length;
    keep.fill(1, Math.max(0, chunk - paddingChunks), chunk + paddingChunks + 1);
  }
  for (const [chunk, wanted] of keep.entries()) {
    if (!wanted) continue;
    const piece = pieceOf(chunk);
    kept.set(piece, keptSamples);
    keptSamples += piece.length;
  }
  return { samples: kept.slice(0, keptSamples), detectedSamples };
}
