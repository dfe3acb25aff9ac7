import type { ModelManifest } from '@affinis/core';
import { z } from 'zod';
import { unusable } from './refusals.ts';

const schema = z.object({
  task: z.literal('voice-activity'),
  decoder: z.literal('silero'),
  input: z.strictObject({
    tensors: z.strictObject({ audio: z.string(), state: z.string(), sampleRate: z.string() }),
    sampleRate: z.int().positive(),
    chunkSamples: z.int().positive(),
    /** End of the previous chunk, put before a chunk; zeros at the start. */
    contextSamples: z.int().nonnegative(),
    stateShape: z.array(z.int().positive()),
  }),
  output: z.object({ tensors: z.object({ probability: z.string(), state: z.string() }) }),
  decoderOptions: z.strictObject({
    threshold: z.number().min(0).max(1).default(0.5),
    paddingChunks: z.int().nonnegative().default(3),
  }),
});

export type SileroManifest = z.infer<typeof schema>;

/** A voice activity model's manifest, or `failed-precondition`; `sampleRate` is the embedding model's. */
export function readSileroManifest(manifest: ModelManifest, sampleRate: number): SileroManifest {
  const parsed = schema.safeParse(manifest);
  if (!parsed.success)
    throw unusable(
      'vad',
      `model ${manifest.name} is no voice activity model this modality can run: ${z.prettifyError(parsed.error)}`,
    );
  if (parsed.data.input.sampleRate !== sampleRate)
    throw unusable(
      'vad',
      `model ${manifest.name} wants ${parsed.data.input.sampleRate} Hz, the embedding model ${sampleRate} Hz`,
    );
  return parsed.data;
}
