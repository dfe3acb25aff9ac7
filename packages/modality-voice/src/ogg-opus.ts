import type { AudioDecoder } from './decoded-audio.ts';
import { checkHeader, createMonoCollector } from './mono.ts';
import { createPacketJoiner, type OggPage, oggPages } from './ogg-pages.ts';
import { undecodable } from './refusals.ts';

/** Opus always decodes at this rate, whatever was recorded (RFC 7845). */
const opusRateHz = 48_000;

/**
 * Decodes OGG Opus with libopus (WebAssembly) page by page: a page holds at most 255 packets of 120 ms, so the limit is
 * looked at often enough.
 */
export const decodeOggOpus: AudioDecoder = async (bytes, limits) => {
  const pages = oggPages(bytes);
  const head = readHead(nextPage(pages));
  checkHeader(opusRateHz, head.channels);
  const { OpusDecoder } = await import('opus-decoder');
  const decoder = new OpusDecoder(head);
  await decoder.ready;
  try {
    const collector = createMonoCollector(opusRateHz, head.channels, limits);
    const packetsOf = createPacketJoiner();
    let seenTags = false;
    let frames = 0;
    for (const page of pages) {
      const packets = packetsOf(page);
      // The first packet after the head holds the tags.
      if (!seenTags && packets.length > 0) seenTags = packets.shift() !== undefined;
      const { channelData, samplesDecoded, errors } = decoder.decodeFrames(packets);
      const [error] = errors;
      if (error) throw undecodable('the OGG Opus file is damaged: a packet cannot be decoded', error.message);
      // The last page's position cuts off what the encoder had to pad.
      const wanted = page.isLast ? Math.max(0, page.granulePosition - head.preSkip - frames) : samplesDecoded;
      collector.add(wanted < samplesDecoded ? channelData.map((plane) => plane.subarray(0, wanted)) : channelData);
      frames += samplesDecoded;
    }
    return collector.finish();
  } finally {
    decoder.free();
  }
};

interface OpusHead {
  readonly channels: number;
  readonly preSkip: number;
  readonly streamCount: number;
  readonly coupledStreamCount: number;
  readonly channelMappingTable: number[];
}

/** RFC 7845, 5.1: name (8 bytes), version, channels, pre-skip (2), rate (4), gain (2), mapping family, mapping table. */
function readHead({ body }: OggPage): OpusHead {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (body.length < 19) throw undecodable("the OGG Opus file's header is cut off");
  const [channels, preSkip, family] = [view.getUint8(9), view.getUint16(10, true), view.getUint8(18)];
  if (family === 0) {
    if (channels > 2) throw undecodable("the OGG Opus file's header contradicts itself");
    return {
      channels,
      preSkip,
      streamCount: 1,
      coupledStreamCount: channels - 1,
      channelMappingTable: channels === 2 ? [0, 1] : [0],
    };
  }
  if (body.length < 21 + channels) throw undecodable("the OGG Opus file's header is cut off");
  const [streamCount, coupledStreamCount] = [view.getUint8(19), view.getUint8(20)];
  const channelMappingTable = [...body.subarray(21, 21 + channels)];
  const streams = streamCount + coupledStreamCount;
  if (
    coupledStreamCount > streamCount ||
    streamCount < 1 ||
    channelMappingTable.some((index) => index !== 255 && index >= streams)
  )
    throw undecodable("the OGG Opus file's header contradicts itself");
  return { channels, preSkip, streamCount, coupledStreamCount, channelMappingTable };
}

function nextPage(pages: Iterator<OggPage, void>): OggPage {
  const { value } = pages.next();
  if (!value) throw undecodable('the OGG Opus file has no page');
  return value;
}
