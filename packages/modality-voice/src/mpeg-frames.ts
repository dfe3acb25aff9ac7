import { undecodable } from './refusals.ts';

/** One MPEG audio layer III frame: where it lies and what its header says. */
export interface MpegFrame {
  readonly start: number;
  readonly bytes: number;
  readonly sampleRateHz: number;
  readonly channels: number;
  readonly samples: number;
}

/** kbit/s by bitrate index, ISO 11172-3 and 13818-3, layer III. */
const bitratesVersion1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const bitratesVersion2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
/** Hz by version bits (0: 2.5, 2: 2, 3: 1) and rate index. */
const sampleRates: Readonly<Record<number, readonly number[]>> = {
  0: [11_025, 12_000, 8000],
  2: [22_050, 24_000, 16_000],
  3: [44_100, 48_000, 32_000],
};
const trailingTags = ['TAG', 'APE', 'LYR', 'ID3'];

export const isLayer3Header = (bytes: Uint8Array, at: number): boolean => readFrameHeader(bytes, at) !== undefined;

/**
 * Finds the frames of an MP3 file, so that its length is known before it is decoded and a cut or a hole is an error:
 * the decoder itself plays on. ID3 tags before and tags or zeros behind the frames are skipped.
 */
export function* mpegFrames(bytes: Uint8Array): Generator<MpegFrame, void> {
  let at = skipLeadingTags(bytes);
  let expected: number | undefined;
  for (let count = 0; at < bytes.length; count++) {
    const frame = readFrameHeader(bytes, at);
    if (!frame) {
      if (count > 0 && isTrailer(bytes, at)) break;
      throw undecodable(`the MP3 file is damaged: no frame begins at byte ${at}`);
    }
    if (at + frame.bytes > bytes.length) throw undecodable('the MP3 file is cut off within its last frame');
    if (count === 0) expected = framesByInfoTag(bytes, frame);
    yield frame;
    at += frame.bytes;
    // Some writers count the tag's own frame as well.
    if (expected !== undefined && count >= expected - 1) expected = undefined;
  }
  if (expected !== undefined) throw undecodable(`the MP3 file is cut off: its header promises ${expected} frames`);
}

function readFrameHeader(bytes: Uint8Array, start: number): MpegFrame | undefined {
  const [sync = 0, kind = 0, rates = 0, mode = 0] = bytes.subarray(start, start + 4);
  const version = (kind >> 3) & 3;
  if (sync !== 0xff || kind >> 5 !== 7 || ((kind >> 1) & 3) !== 1) return undefined;
  const sampleRateHz = sampleRates[version]?.[(rates >> 2) & 3];
  const kilobits = (version === 3 ? bitratesVersion1 : bitratesVersion2)[rates >> 4];
  if (!sampleRateHz || !kilobits) return undefined;
  const samples = version === 3 ? 1152 : 576;
  const bytesInFrame = Math.floor((samples / 8) * ((1000 * kilobits) / sampleRateHz)) + ((rates >> 1) & 1);
  return { start, bytes: bytesInFrame, sampleRateHz, channels: mode >> 6 === 3 ? 1 : 2, samples };
}

/** The number of frames that follow, where the first frame is a Xing or Info tag and says so. */
function framesByInfoTag(bytes: Uint8Array, frame: MpegFrame): number | undefined {
  const sideInformation = frame.samples === 1152 ? (frame.channels === 1 ? 17 : 32) : frame.channels === 1 ? 9 : 17;
  const at = frame.start + 4 + sideInformation;
  const name = text(bytes, at, 4);
  if (frame.bytes < sideInformation + 16 || (name !== 'Xing' && name !== 'Info')) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(at + 4) & 1 ? view.getUint32(at + 8) : undefined;
}

function skipLeadingTags(bytes: Uint8Array): number {
  let at = 0;
  while (text(bytes, at, 3) === 'ID3') {
    const [flags = 0, a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at + 5, at + 10);
    at += 10 + ((a << 21) | (b << 14) | (c << 7) | d) + (flags & 0x10 ? 10 : 0);
  }
  while (at > 0 && at < bytes.length && bytes[at] === 0) at++;
  if (at >= bytes.length) throw undecodable('the MP3 file is cut off: it has no frame');
  return at;
}

const isTrailer = (bytes: Uint8Array, at: number) =>
  trailingTags.includes(text(bytes, at, 3)) || bytes.subarray(at).every((byte) => byte === 0);

const text = (bytes: Uint8Array, start: number, length: number) =>
  String.fromCharCode(...bytes.subarray(start, start + length));
