import type { AudioDecoder, AudioLimits } from './decoded-audio.ts';
import { checkHeader, createMonoCollector, type MonoCollector, maxFramesAt } from './mono.ts';
import { badSample, tooLong, undecodable } from './refusals.ts';

/** WAVE format tags. */
const tags = { pcm: 1, float: 3, alaw: 6, mulaw: 7, extensible: 0xfffe } as const;
/** Sizes that a writer which could not seek back leaves in the header: the sound goes on to the end of the file. */
const streamedSizes: readonly number[] = [0, 0xffff_ffff, 0x7fff_ffff];
const framesAPiece = 65_536;

/**
 * Decodes RIFF WAVE: integer PCM of 8, 16, 24 and 32 bits, float of 32 and 64 bits, A-law and µ-law (G.711), also inside
 * WAVE_FORMAT_EXTENSIBLE. The chunks are walked here and not by a library because limits and truncation must be known
 * before anything is unpacked, and the libraries unpack a whole file into doubles first.
 */
export const decodeWav: AudioDecoder = async (bytes, limits) => {
  const header = readHeader(bytes);
  checkHeader(header.sampleRateHz, header.channels);
  const read = await sampleReader(header);
  const frames = countFrames(header, limits);
  const collector = createMonoCollector(header.sampleRateHz, header.channels, limits);
  unpack(bytes, header, frames, read, collector);
  return collector.finish();
};

interface WavHeader {
  readonly tag: number;
  readonly channels: number;
  readonly sampleRateHz: number;
  readonly frameBytes: number;
  readonly bits: number;
  readonly dataStart: number;
  readonly dataBytes: number;
}

function readHeader(bytes: Uint8Array): WavHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: Omit<WavHeader, 'dataStart' | 'dataBytes'> | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const [id, size, start] = [view.getUint32(at), view.getUint32(at + 4, true), at + 8];
    if (id === fourCc('fmt ')) format = readFormat(view, start, size);
    if (id === fourCc('data')) {
      if (!format) throw undecodable("the WAV file's format chunk is missing");
      const left = bytes.length - start;
      const dataBytes = streamedSizes.includes(size) ? left : size;
      if (dataBytes > left)
        throw undecodable(`the WAV file is cut off: ${left} of ${dataBytes} bytes of sound are there`);
      return { ...format, dataStart: start, dataBytes };
    }
    at = start + size + (size % 2);
  }
  throw undecodable('the WAV file is cut off: it has no sound chunk');
}

function readFormat(view: DataView, start: number, size: number): Omit<WavHeader, 'dataStart' | 'dataBytes'> {
  if (size < 16 || start + size > view.byteLength) throw undecodable("the WAV file's format chunk is cut off");
  const declared = view.getUint16(start, true);
  const tag = declared === tags.extensible && size >= 26 ? view.getUint16(start + 24, true) : declared;
  return {
    tag,
    channels: view.getUint16(start + 2, true),
    sampleRateHz: view.getUint32(start + 4, true),
    frameBytes: view.getUint16(start + 12, true),
    bits: view.getUint16(start + 14, true),
  };
}

function countFrames(header: WavHeader, limits: AudioLimits): number {
  const frames = Math.floor(header.dataBytes / header.frameBytes);
  if (frames > maxFramesAt(header.sampleRateHz, limits)) throw tooLong('media', limits.maxDurationMs);
  return frames;
}

type SampleReader = (view: DataView, at: number) => number;

const readers: Readonly<Record<string, SampleReader>> = {
  'pcm 8': (view, at) => (view.getUint8(at) - 128) / 128,
  'pcm 16': (view, at) => view.getInt16(at, true) / 32_768,
  'pcm 24': (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 65_536) / 8_388_608,
  'pcm 32': (view, at) => view.getInt32(at, true) / 2_147_483_648,
  'float 32': (view, at) => view.getFloat32(at, true),
  'float 64': (view, at) => view.getFloat64(at, true),
};

async function sampleReader({ tag, bits, channels, frameBytes }: WavHeader): Promise<SampleReader> {
  const reader =
    tag === tags.alaw || tag === tags.mulaw ? await g711Reader(tag, bits) : readers[`${tagName(tag)} ${bits}`];
  if (!reader)
    throw badSample(
      'media',
      'UNSUPPORTED_FORMAT',
      `the WAV file holds ${bits}-bit samples of format ${tag}; convert it to 16-bit PCM`,
    );
  if (frameBytes !== (channels * bits) / 8) throw undecodable("the WAV file's header contradicts itself");
  return reader;
}

const tagName = (tag: number) => (tag === tags.pcm ? 'pcm' : tag === tags.float ? 'float' : 'other');

async function g711Reader(tag: number, bits: number): Promise<SampleReader | undefined> {
  if (bits !== 8) return undefined;
  const imported = await import('alawmulaw');
  const { alaw, mulaw } = 'alaw' in imported ? imported : (imported as { default: typeof imported }).default;
  const codec = tag === tags.alaw ? alaw : mulaw;
  const table = Float32Array.from({ length: 256 }, (_, code) => codec.decodeSample(code) / 32_768);
  return (view, at) => table[view.getUint8(at)] ?? 0;
}

function unpack(
  bytes: Uint8Array,
  header: WavHeader,
  frames: number,
  read: SampleReader,
  collector: MonoCollector,
): void {
  const { channels, frameBytes, dataStart } = header;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sampleBytes = frameBytes / channels;
  const planes = Array.from({ length: channels }, () => new Float32Array(Math.min(framesAPiece, frames)));
  for (let first = 0; first < frames; first += framesAPiece) {
    const count = Math.min(framesAPiece, frames - first);
    for (const [channel, plane] of planes.entries()) {
      let at = dataStart + first * frameBytes + channel * sampleBytes;
      for (let frame = 0; frame < count; frame++, at += frameBytes) plane[frame] = read(view, at);
    }
    collector.add(count === framesAPiece ? planes : planes.map((plane) => plane.subarray(0, count)));
  }
}

const fourCc = (text: string) => [...text].reduce((code, letter) => code * 256 + letter.charCodeAt(0), 0);
