import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onnxBackend } from '@affinis/backend-onnx';
import { type LoadedModel, type ModalityContext, type ModelManifest, modelManifestSchema } from '@affinis/core';
import { dataPath, repository } from './data.ts';

/** The manifest that ships, with some of its input replaced. */
export const voiceManifest = (input: Record<string, unknown> = {}): ModelManifest =>
  modelManifestSchema.parse({
    name: 'speaker-test',
    version: '1',
    modality: 'voice',
    artefact: { file: 'model.onnx', sha256: '0'.repeat(64) },
    licence: { name: 'Apache-2.0' },
    input: {
      tensor: 'mel',
      sampleRate: 16_000,
      level: { targetDbfs: -30, mode: 'raise-only' },
      vad: 'none',
      mel: {
        fftSize: 400,
        windowSize: 400,
        hopSize: 160,
        window: 'hann-periodic',
        padding: 'zeros',
        power: 2,
        log: false,
        bands: 40,
        fminHz: 0,
        fmaxHz: 8000,
        scale: 'slaney',
        norm: 'slaney',
      },
      slices: { frames: 160, stepFrames: 77, minCoverage: 0.75 },
      ...input,
    },
    output: { tensor: 'embedding', dimension: 256 },
  });

export const vadManifest = (changes: Record<string, unknown> = {}): ModelManifest =>
  modelManifestSchema.parse({
    name: 'vad-test',
    version: '1',
    task: 'voice-activity',
    modality: 'voice',
    artefact: { file: 'model.onnx', sha256: '0'.repeat(64) },
    licence: { name: 'MIT' },
    decoder: 'silero',
    input: {
      tensors: { audio: 'input', state: 'state', sampleRate: 'sr' },
      sampleRate: 16_000,
      chunkSamples: 512,
      contextSamples: 64,
      stateShape: [2, 1, 128],
    },
    output: { tensors: { probability: 'output', state: 'stateN' } },
    decoderOptions: { threshold: 0.5, paddingChunks: 3 },
    ...changes,
  });

export const openSession = async (path: string): Promise<LoadedModel['session']> =>
  onnxBackend.load({ path, bytes: new Uint8Array(readFileSync(path)) }, { threads: 1 });

/** A model of the development data. */
export const openDataModel = (file: string) => openSession(dataPath(`models/${file}`));

/** Of the highest version that ships. */
export function shippedModelPath(name: string): string {
  const versions = readdirSync(join(repository, 'models', name)).map(Number);
  return join(repository, 'models', name, String(Math.max(...versions)), 'model.onnx');
}

/** What core hands to a modality; helper models come from `models`. */
export const contextFor = (
  manifest: ModelManifest,
  options: Record<string, unknown> = {},
  models: Record<string, LoadedModel> = {},
): ModalityContext => ({
  manifest,
  options,
  readFile: () => Promise.reject(new Error('no file is read by this modality')),
  loadModel: async (reference) => {
    const model = models[reference];
    if (!model) throw new Error(`the test knows no model ${reference}`);
    return model;
  },
});
