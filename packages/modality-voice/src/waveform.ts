import type { MediaSample, PcmSample } from '@affinis/core';
import { decodeAudio } from './decode.ts';
import { type AudioLimits, type DecodedAudio, maxChannels, sampleRateRangeHz } from './decoded-audio.ts';
import { levelDbfs } from './level.ts';
import { toMono } from './mono.ts';
import { badSample, tooLong } from './refusals.ts';

/** Less is a click, not a voice. */
const minDurationMs = 50;
/** Quieter is the noise of a muted microphone; speech recorded at the lowest gain stays above -70. */
const silenceDbfs = -80;
/** Resampling and lossy codecs overshoot 1 a little; unscaled 16-bit integers go far beyond. */
export const pcmCeiling = 2;

/** A recording as mono samples at its own rate, checked to be long and loud enough to hold a voice. */
export async function readWaveform(sample: MediaSample | PcmSample, limits: AudioLimits): Promise<DecodedAudio> {
  const field = sample.kind === 'media' ? 'media' : 'pcm.samples';
  const audio =
    sample.kind === 'media' ? await decodeAudio(sample.bytes, limits, sample.mediaType) : readPcm(sample, limits);
  const durationMs = (1000 * audio.samples.length) / audio.sampleRateHz;
  if (durationMs < minDurationMs)
    throw badSample(
      field,
      'TOO_SHORT',
      `the recording lasts ${durationMs.toFixed(1)} ms; send at least ${minDurationMs} ms, better 2 s`,
    );
  if (levelDbfs(audio.samples) < silenceDbfs)
    throw badSample(field, 'NO_SPEECH', 'the recording is silent; check the microphone and record again');
  return audio;
}

function readPcm({ samples, sampleRateHz, channels }: PcmSample, limits: AudioLimits): DecodedAudio {
  const { lowest, highest } = sampleRateRangeHz;
  if (!(Number.isInteger(channels) && channels >= 1 && channels <= maxChannels))
    throw badSample('pcm.channels', 'BAD_PCM', `${channels} channels were stated; 1 to ${maxChannels} are taken`);
  if (!(Number.isInteger(sampleRateHz) && sampleRateHz >= lowest && sampleRateHz <= highest))
    throw badSample(
      'pcm.sample_rate_hz',
      'BAD_PCM',
      `a rate of ${sampleRateHz} Hz was stated; whole numbers from ${lowest} to ${highest} are taken`,
    );
  if (samples.length === 0) throw badSample('pcm.samples', 'EMPTY', 'there are no samples; send the recording');
  if (samples.length % channels !== 0)
    throw badSample(
      'pcm.samples',
      'BAD_PCM',
      `${samples.length} samples do not divide into ${channels} interleaved channels; state the right number of channels`,
    );
  const durationMs = (1000 * samples.length) / channels / sampleRateHz;
  if (durationMs > limits.maxDurationMs) throw tooLong('pcm.samples', limits.maxDurationMs);
  checkPcmValues(samples);
  return { samples: toMono(samples, channels), sampleRateHz, channels };
}

function checkPcmValues(samples: Float32Array): void {
  for (let at = 0; at < samples.length; at++) {
    const sample = samples[at] ?? 0;
    if (!Number.isFinite(sample))
      throw badSample('pcm.samples', 'BAD_PCM', `sample ${at} is no finite number; send floats from -1 to 1`);
    if (Math.abs(sample) > pcmCeiling)
      throw badSample(
        'pcm.samples',
        'BAD_PCM',
        `sample ${at} is ${sample}, outside -1 to 1; divide 16-bit samples by 32768`,
      );
  }
}
