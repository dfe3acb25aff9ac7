import { z } from 'zod';
import { unusable } from './refusals.ts';

/** `NAME` or `NAME@VERSION` of a voice activity model; `none` switches it off. */
const vad = z.string().min(1);

const voiceInputSchema = z.strictObject({
  /** Name of the model's input, `float32[N, frames, bands]`. */
  tensor: z.string(),
  sampleRate: z.int().positive(),
  level: z.strictObject({ targetDbfs: z.number().negative(), mode: z.literal('raise-only') }),
  vad: vad.default('none'),
  mel: z.strictObject({
    fftSize: z.int().min(2).max(65_536).multipleOf(2),
    windowSize: z.int().positive(),
    hopSize: z.int().positive(),
    window: z.literal('hann-periodic'),
    padding: z.literal('zeros'),
    power: z.literal(2),
    log: z.literal(false),
    bands: z.int().positive(),
    fminHz: z.number().nonnegative(),
    fmaxHz: z.number().positive(),
    scale: z.literal('slaney'),
    norm: z.literal('slaney'),
  }),
  slices: z.strictObject({
    frames: z.int().positive(),
    stepFrames: z.int().positive(),
    minCoverage: z.number().min(0).max(1),
  }),
});

/** `input` of a voice model's manifest. */
export type VoiceInput = z.infer<typeof voiceInputSchema>;

const voiceOptionsSchema = z.strictObject({
  /** Overrides the manifest's `vad`. */
  vad: vad.optional(),
  /**
   * Least speech that voice activity detection must find; not looked at where it is off. A spoken digit has 250 ms,
   * noise and tones have none.
   */
  minSpeechMs: z.number().nonnegative().default(150),
  /** Longer recordings are refused. */
  maxDurationMs: z.number().positive().max(3_600_000).default(600_000),
});

/** An embedder's options for this modality. */
export type VoiceOptions = z.infer<typeof voiceOptionsSchema>;

export function readVoiceInput(input: unknown): VoiceInput {
  const parsed = voiceInputSchema.safeParse(input);
  if (!parsed.success) throw unusable('input', `the model's manifest does not fit: ${z.prettifyError(parsed.error)}`);
  const { mel, sampleRate } = parsed.data;
  if (mel.windowSize > mel.fftSize)
    throw unusable('input.mel.windowSize', "the model's window is larger than its transform");
  if (mel.fmaxHz > sampleRate / 2 || mel.fminHz >= mel.fmaxHz)
    throw unusable('input.mel.fmaxHz', 'the mel bands must lie between fminHz and half the sample rate');
  return parsed.data;
}

export function readVoiceOptions(options: unknown): VoiceOptions {
  const parsed = voiceOptionsSchema.safeParse(options);
  if (!parsed.success) throw unusable('options', `the embedder's options do not fit: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
