import {
  defineModality,
  degradeBy,
  float32,
  type MediaSample,
  type ModalityContext,
  type PcmSample,
  type Prepared,
  type Preprocessor,
  type Sample,
} from '@affinis/core';
import { acceptedFormats, sniffAudioFormat } from './audio-format.ts';
import { voiceDegradations, type Waveform } from './degradation/kinds.ts';
import { raiseLevel } from './level.ts';
import { createMelTransform } from './mel.ts';
import { prepareMelTensor } from './mel-tensor.ts';
import { badSample } from './refusals.ts';
import { resample } from './resample.ts';
import { readSileroManifest } from './silero-manifest.ts';
import { cutSlices, paddedLength, type SliceRule, sliceStarts } from './slices.ts';
import { createSileroVoiceActivity, keepSpeech, type VoiceActivity } from './voice-activity.ts';
import { readVoiceInput, readVoiceOptions, type VoiceOptions } from './voice-input.ts';
import { pcmCeiling, readWaveform } from './waveform.ts';

/** Recordings to mel slices: decode, mono, resample, raise the level, drop what is no speech, cut, transform. */
export const voiceModality = defineModality({ id: 'voice', open, accepts, cost });

async function open(context: ModalityContext): Promise<Preprocessor> {
  const input = readVoiceInput(context.manifest.input);
  const options = readVoiceOptions(context.options);
  const slicing: SliceRule = { ...input.slices, hopSize: input.mel.hopSize };
  const toMel = createMelTransform({ ...input.mel, sampleRate: input.sampleRate });
  const voiceActivity = await openVoiceActivity(context, options.vad ?? input.vad, input.sampleRate);
  const maxRows = sliceStarts((options.maxDurationMs * input.sampleRate) / 1000, slicing).length;

  const toSlices = (speech: Float32Array): { starts: number[]; data: Float32Array } => {
    const starts = sliceStarts(speech.length, slicing);
    const padded = new Float32Array(paddedLength(speech.length, starts, slicing));
    padded.set(speech);
    return { starts, data: cutSlices(toMel(padded), starts, slicing.frames) };
  };

  const prepareRecording = async (sample: MediaSample | PcmSample): Promise<Prepared> => {
    const started = performance.now();
    const audio = await readWaveform(sample, options);
    const wave = await resample(audio.samples, audio.sampleRateHz, input.sampleRate);
    const decodeMs = performance.now() - started;
    const levelled = raiseLevel(wave, input.level);
    const speech = voiceActivity
      ? await findSpeech(levelled, voiceActivity, input.sampleRate, options, sample.kind)
      : levelled;
    const { starts, data } = toSlices(speech);
    const durationMs = (1000 * audio.samples.length) / audio.sampleRateHz;
    return {
      inputs: { [input.tensor]: float32([starts.length, slicing.frames, input.mel.bands], data) },
      rows: starts.length,
      info: {
        kind: 'voice',
        durationMs,
        speechMs: voiceActivity ? (1000 * speech.length) / input.sampleRate : durationMs,
        sampleRateHz: audio.sampleRateHz,
        channels: audio.channels,
        slices: starts.length,
      },
      decodeMs,
    };
  };

  return {
    async prepare(sample) {
      if (sample.kind === 'tensor') return prepareMelTensor(sample, input, maxRows);
      if (sample.kind === 'text') throw noVoice();
      return prepareRecording(sample);
    },
    // Before level and voice activity: noise comes before both on the way from a mouth to a model.
    async canonical(sample) {
      if (sample.kind === 'text') throw noVoice();
      if (sample.kind === 'tensor') return sample;
      const audio = await readWaveform(sample, options);
      const samples = await resample(audio.samples, audio.sampleRateHz, input.sampleRate);
      return toPcm({ samples, sampleRateHz: input.sampleRate }, pcmCeiling);
    },
    async degrade(sample, degradation) {
      if (sample.kind !== 'pcm' || sample.channels !== 1)
        throw badSample(
          sample.kind,
          'UNSUPPORTED_KIND',
          'what is degraded is mono pcm; make the canonical form of it first',
        );
      return toPcm(await degradeBy(voiceDegradations, sample, degradation), 1);
    },
  };
}

const noVoice = () =>
  badSample('text', 'UNSUPPORTED_KIND', `a text is no voice; send media (${acceptedFormats}), pcm or a mel tensor`);

/** Scaled down where it would be louder than `ceiling`. */
function toPcm({ samples, sampleRateHz }: Waveform, ceiling: number): PcmSample {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const scaled = peak > ceiling ? samples.map((sample) => (sample * ceiling) / peak) : samples;
  return { kind: 'pcm', samples: scaled, sampleRateHz, channels: 1 };
}

async function openVoiceActivity(
  context: ModalityContext,
  reference: string,
  sampleRate: number,
): Promise<VoiceActivity | undefined> {
  if (reference === 'none') return undefined;
  const model = await context.loadModel(reference);
  return createSileroVoiceActivity(model, readSileroManifest(model.manifest, sampleRate));
}

async function findSpeech(
  wave: Float32Array,
  { probabilities, rule }: VoiceActivity,
  sampleRate: number,
  { minSpeechMs }: VoiceOptions,
  kind: 'media' | 'pcm',
): Promise<Float32Array> {
  const { samples, detectedSamples } = keepSpeech(wave, await probabilities(wave), rule);
  const detectedMs = (1000 * detectedSamples) / sampleRate;
  if (samples.length === 0 || detectedMs < minSpeechMs)
    throw badSample(
      kind === 'media' ? 'media' : 'pcm.samples',
      'NO_SPEECH',
      `${detectedMs.toFixed(0)} ms of speech were found, at least ${minSpeechMs} ms are needed; record again, closer to the microphone`,
    );
  return samples;
}

function accepts(sample: Sample): boolean {
  return sample.kind === 'pcm' || (sample.kind === 'media' && sniffAudioFormat(sample.bytes) !== undefined);
}

/** One slice follows the other after about this long. */
const secondsASlice = 0.77;
/** Speech in FLAC, MP3 or OGG, roughly; 16-bit mono WAV at 16 kHz. */
const bytesASecond = { compressed: 12_000, wav: 32_000 } as const;

function cost(sample: Sample): number {
  switch (sample.kind) {
    case 'media': {
      const rate = sniffAudioFormat(sample.bytes) === 'wav' ? bytesASecond.wav : bytesASecond.compressed;
      return Math.max(1, sample.bytes.length / rate / secondsASlice);
    }
    case 'pcm': {
      const seconds = sample.samples.length / Math.max(1, sample.channels) / Math.max(1, sample.sampleRateHz);
      return Math.max(1, seconds / secondsASlice);
    }
    case 'tensor':
      return sample.tensor.shape.length === 3 ? Math.max(1, sample.tensor.shape[0] ?? 1) : 1;
    case 'text':
      return 1;
  }
}
