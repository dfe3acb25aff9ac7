import type { Flac, StreamMetadata } from 'libflacjs';
import type { AudioDecoder, AudioLimits, DecodedAudio } from './decoded-audio.ts';
import { checkHeader, createMonoCollector, type MonoCollector, maxFramesAt } from './mono.ts';
import { badSample, tooLong, undecodable } from './refusals.ts';

/** `FLAC__StreamDecoderState`: this and all above it end decoding. */
const endOfStream = 4;

/**
 * Decodes FLAC with libFLAC, frame by frame, so that the limit holds even where the header is silent or lies. Frame
 * checksums and the MD5 of the whole are checked: damage is an error, never noise.
 */
export const decodeFlac: AudioDecoder = async (bytes, limits) => {
  const library = await loadLibrary();
  const id = library.create_libflac_decoder(true);
  if (!id) throw new Error('libFLAC gave no decoder');
  try {
    return decodeFrames(library, id, bytes, limits);
  } finally {
    library.FLAC__stream_decoder_delete(id);
  }
};

function decodeFrames(library: Flac, id: number, bytes: Uint8Array, limits: AudioLimits): DecodedAudio {
  const stream = createStream(bytes, limits);
  if (library.init_decoder_stream(id, stream.read, stream.write, stream.error, stream.metadata) !== 0)
    throw new Error('libFLAC did not start');
  while (!stream.failure() && library.FLAC__stream_decoder_process_single(id))
    if (library.FLAC__stream_decoder_get_state(id) >= endOfStream) break;
  const whole = library.FLAC__stream_decoder_finish(id);
  const failure = stream.failure();
  if (failure) throw failure;
  return stream.finish(Boolean(whole));
}

/** The callbacks of one decoding. They only note a failure: an exception must not unwind through the library. */
function createStream(bytes: Uint8Array, limits: AudioLimits) {
  let at = 0;
  let frames = 0;
  let header: StreamMetadata | undefined;
  let collector: MonoCollector | undefined;
  let failed: unknown;
  const noting =
    <A extends unknown[]>(work: (...parameters: A) => void) =>
    (...parameters: A): void => {
      try {
        if (!failed) work(...parameters);
      } catch (thrown) {
        failed = thrown;
      }
    };

  return {
    read(size: number) {
      const buffer = bytes.subarray(at, at + size) as Uint8Array<ArrayBuffer>;
      at += buffer.length;
      return { buffer, readDataLength: buffer.length, error: false };
    },
    metadata: noting((found?: StreamMetadata) => {
      if (!found || header) return;
      checkStreamInfo(found, limits);
      header = found;
      collector = createMonoCollector(found.sampleRate, found.channels, limits);
    }),
    write: noting((planes: Uint8Array[], frame: { sampleRate: number; bitsPerSample: number; blocksize: number }) => {
      if (!header || !collector) throw undecodable("the FLAC file's header is missing");
      if (
        frame.sampleRate !== header.sampleRate ||
        frame.bitsPerSample !== header.bitsPerSample ||
        planes.length !== header.channels
      )
        throw undecodable('the FLAC file changes its format midway');
      const floats = planes.map((plane) => toFloats(plane, frame.blocksize, frame.bitsPerSample));
      frames += floats[0]?.length ?? 0;
      collector.add(floats);
    }),
    error: noting((_code: number, description: unknown) => {
      throw undecodable(
        `the FLAC file is damaged (${String(description).replace('FLAC__STREAM_DECODER_ERROR_STATUS_', '')})`,
      );
    }),
    failure: () => failed,
    finish(whole: boolean): DecodedAudio {
      if (!header || !collector) throw undecodable('the FLAC file is cut off: its header is not complete');
      const { total_samples: total } = header;
      if (total > 0 && frames < total)
        throw undecodable(`the FLAC file is cut off: ${frames} of ${total} samples are there`);
      if (!whole) throw undecodable('the FLAC file is damaged: its MD5 sum differs');
      return collector.finish();
    },
  };
}

function checkStreamInfo(
  { sampleRate, channels, bitsPerSample, total_samples: total }: StreamMetadata,
  limits: AudioLimits,
): void {
  checkHeader(sampleRate, channels);
  if (![8, 16, 24].includes(bitsPerSample))
    throw badSample(
      'media',
      'UNSUPPORTED_FORMAT',
      `the FLAC file has ${bitsPerSample} bits a sample; convert it to 16 bits`,
    );
  if (total > maxFramesAt(sampleRate, limits)) throw tooLong('media', limits.maxDurationMs);
}

/** Signed integers to -1..1. libflacjs lays samples of 8 and 16 bits in two bytes, of 24 bits in four, little-endian. */
function toFloats(bytes: Uint8Array, count: number, bits: number): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const scale = 2 ** (1 - bits);
  const floats = new Float32Array(count);
  if (bytes.length === 2 * count) for (let i = 0; i < count; i++) floats[i] = view.getInt16(2 * i, true) * scale;
  else if (bytes.length === 4 * count) for (let i = 0; i < count; i++) floats[i] = view.getInt32(4 * i, true) * scale;
  else throw new Error(`libflacjs gave ${bytes.length} bytes for ${count} samples`);
  return floats;
}

let library: Promise<Flac> | undefined;

/** The JavaScript build: the WebAssembly one fetches its file by a path, which Node's `fetch` refuses. */
function loadLibrary(): Promise<Flac> {
  library ??= importLibrary();
  return library;
}

async function importLibrary(): Promise<Flac> {
  // On being loaded, libflacjs replaces the global `fetch` by a wrapper of its own.
  const { fetch } = globalThis;
  const imported = (await import('libflacjs/dist/libflac.js')) as unknown as { default?: Flac } & Flac;
  globalThis.fetch = fetch;
  const flac = imported.default ?? imported;
  if (!flac.isReady()) await new Promise<void>((resolve) => flac.on('ready', () => resolve()));
  return flac;
}
