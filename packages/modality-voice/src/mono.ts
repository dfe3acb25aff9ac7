import type { AudioLimits, DecodedAudio } from './decoded-audio.ts';
import { maxChannels, sampleRateRangeHz } from './decoded-audio.ts';
import { badSample, tooLong } from './refusals.ts';

/** Averages interleaved channels: `float32[frames * channels]` to `float32[frames]`. One channel is returned as it is. */
export function toMono(interleaved: Float32Array, channels: number): Float32Array {
  if (channels === 1) return interleaved;
  const mono = new Float32Array(Math.floor(interleaved.length / channels));
  for (let frame = 0, at = 0; frame < mono.length; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += interleaved[at++] ?? 0;
    mono[frame] = sum / channels;
  }
  return mono;
}

export interface MonoCollector {
  /** Takes the next piece, one array a channel; throws `TOO_LONG` as soon as the limit is passed. */
  add(planes: readonly Float32Array[]): void;
  finish(): DecodedAudio;
}

/** Averages channels piece by piece while a decoder runs, so that no more than the limit is ever kept. */
export function createMonoCollector(sampleRateHz: number, channels: number, limits: AudioLimits): MonoCollector {
  const maxFrames = maxFramesAt(sampleRateHz, limits);
  const pieces: Float32Array[] = [];
  let frames = 0;

  return {
    add(planes) {
      const length = planes[0]?.length ?? 0;
      if (length === 0) return;
      frames += length;
      if (frames > maxFrames) throw tooLong('media', limits.maxDurationMs);
      pieces.push(averagePlanes(planes, length));
    },
    finish() {
      const samples = new Float32Array(frames);
      let at = 0;
      for (const piece of pieces) {
        samples.set(piece, at);
        at += piece.length;
      }
      return { samples, sampleRateHz, channels };
    },
  };
}

export const maxFramesAt = (sampleRateHz: number, { maxDurationMs }: AudioLimits): number =>
  Math.floor((sampleRateHz * maxDurationMs) / 1000);

/** Refuses what a header claims before anything is decoded. */
export function checkHeader(sampleRateHz: number, channels: number): void {
  const { lowest, highest } = sampleRateRangeHz;
  if (!(sampleRateHz >= lowest && sampleRateHz <= highest))
    throw unsupported(`a sample rate of ${sampleRateHz} Hz`, `${lowest} to ${highest} Hz`);
  if (!(channels >= 1 && channels <= maxChannels)) throw unsupported(`${channels} channels`, `1 to ${maxChannels}`);
}

const unsupported = (found: string, accepted: string) =>
  badSample('media', 'UNSUPPORTED_FORMAT', `the file's header says ${found}; ${accepted} are taken, so re-encode it`);

function averagePlanes(planes: readonly Float32Array[], length: number): Float32Array {
  const mono = new Float32Array(length);
  for (const plane of planes) for (let i = 0; i < length; i++) mono[i] = (mono[i] ?? 0) + (plane[i] ?? 0);
  if (planes.length > 1) for (let i = 0; i < length; i++) mono[i] = (mono[i] ?? 0) / planes.length;
  return mono;
}
