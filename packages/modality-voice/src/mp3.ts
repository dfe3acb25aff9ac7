import type { AudioDecoder, AudioLimits } from './decoded-audio.ts';
import { checkHeader, createMonoCollector, maxFramesAt } from './mono.ts';
import { type MpegFrame, mpegFrames } from './mpeg-frames.ts';
import { tooLong, undecodable } from './refusals.ts';

/** Bytes decoded between two looks at the limit and at errors. */
const pieceBytes = 16_384;

/** Decodes MPEG audio layer III with libmpg123 (WebAssembly), encoder delay and padding removed where the file tells. */
export const decodeMp3: AudioDecoder = async (bytes, limits) => {
  const { first, end } = checkFrames(bytes, limits);
  const { MPEGDecoder } = await import('mpg123-decoder');
  const decoder = new MPEGDecoder();
  await decoder.ready;
  try {
    const collector = createMonoCollector(first.sampleRateHz, first.channels, limits);
    for (let at = first.start; at < end; at += pieceBytes) {
      const { channelData, errors, sampleRate, samplesDecoded } = decoder.decode(
        bytes.subarray(at, Math.min(end, at + pieceBytes)),
      );
      const [error] = errors;
      if (error) throw undecodable('the MP3 file is damaged: a frame cannot be decoded', error.message);
      if (samplesDecoded > 0 && sampleRate !== first.sampleRateHz)
        throw undecodable('the MP3 file changes its sample rate midway');
      // libmpg123 gives a mono file as two equal channels.
      collector.add(first.channels === 1 ? channelData.slice(0, 1) : channelData);
    }
    return collector.finish();
  } finally {
    decoder.free();
  }
};

function checkFrames(bytes: Uint8Array, limits: AudioLimits): { first: MpegFrame; end: number } {
  let first: MpegFrame | undefined;
  let end = 0;
  let samples = 0;
  for (const frame of mpegFrames(bytes)) {
    if (!first) checkHeader(frame.sampleRateHz, frame.channels);
    first ??= frame;
    if (frame.sampleRateHz !== first.sampleRateHz) throw undecodable('the MP3 file changes its sample rate midway');
    end = frame.start + frame.bytes;
    samples += frame.samples;
    // One frame more may be a tag, one more encoder delay and one more padding; the collector checks exactly.
    if (samples > maxFramesAt(first.sampleRateHz, limits) + 3 * frame.samples)
      throw tooLong('media', limits.maxDurationMs);
  }
  if (!first) throw undecodable('the MP3 file has no frame');
  return { first, end };
}
