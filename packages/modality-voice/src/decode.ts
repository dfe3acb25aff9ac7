import { AffinisError } from '@affinis/core';
import {
  type AudioFormat,
  acceptedFormats,
  describeForeignFormat,
  mediaTypeFits,
  sniffAudioFormat,
} from './audio-format.ts';
import type { AudioDecoder, AudioLimits, DecodedAudio } from './decoded-audio.ts';
import { decodeFlac } from './flac.ts';
import { decodeMp3 } from './mp3.ts';
import { decodeOggOpus } from './ogg-opus.ts';
import { decodeOggVorbis } from './ogg-vorbis.ts';
import { badSample, undecodable } from './refusals.ts';
import { decodeWav } from './wav.ts';

const decoders: Readonly<Record<AudioFormat, AudioDecoder>> = {
  wav: decodeWav,
  flac: decodeFlac,
  mp3: decodeMp3,
  'ogg-vorbis': decodeOggVorbis,
  'ogg-opus': decodeOggOpus,
};

/**
 * Decodes a recording by its content. Throws `invalid-argument` (field `media` or `media_type`): `EMPTY`,
 * `UNSUPPORTED_FORMAT`, `MEDIA_TYPE_MISMATCH`, `TOO_LONG`, and `UNDECODABLE` for a truncated or damaged file.
 */
export async function decodeAudio(bytes: Uint8Array, limits: AudioLimits, mediaType = ''): Promise<DecodedAudio> {
  const format = checkFormat(bytes, mediaType);
  const audio = await runDecoder(format, bytes, limits);
  if (audio.samples.length === 0) throw badSample('media', 'EMPTY', 'the file holds no sound; record something first');
  for (const sample of audio.samples)
    if (!Number.isFinite(sample)) throw undecodable('the file holds samples that are no numbers');
  return audio;
}

async function runDecoder(format: AudioFormat, bytes: Uint8Array, limits: AudioLimits): Promise<DecodedAudio> {
  try {
    return await decoders[format](bytes, limits);
  } catch (cause) {
    if (cause instanceof AffinisError) throw cause;
    if (isMissingLibrary(cause))
      throw new AffinisError(
        'failed-precondition',
        `[modality-voice] the ${format} decoder is not installed; run \`npm ci\``,
        { cause },
      );
    throw undecodable(`the ${format} decoder gave up on the file`, cause);
  }
}

function checkFormat(bytes: Uint8Array, mediaType: string): AudioFormat {
  if (bytes.length === 0)
    throw badSample('media', 'EMPTY', `the file is empty; send the bytes of a ${acceptedFormats} file`);
  const format = sniffAudioFormat(bytes);
  if (!format)
    throw badSample(
      'media',
      'UNSUPPORTED_FORMAT',
      `the bytes are ${describeForeignFormat(bytes)}; send ${acceptedFormats}, or decoded samples as pcm`,
    );
  if (!mediaTypeFits(mediaType, format))
    throw badSample(
      'media_type',
      'MEDIA_TYPE_MISMATCH',
      `the content is ${format}, which is not the stated media type; state the right type or leave it empty`,
    );
  return format;
}

const isMissingLibrary = (cause: unknown) =>
  cause instanceof Error &&
  'code' in cause &&
  (cause.code === 'ERR_MODULE_NOT_FOUND' || cause.code === 'MODULE_NOT_FOUND');
