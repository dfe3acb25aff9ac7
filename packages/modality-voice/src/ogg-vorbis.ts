import type { AudioDecoder } from './decoded-audio.ts';
import { checkHeader, createMonoCollector, type MonoCollector } from './mono.ts';
import { createPacketJoiner, joinBytes, type OggPage, oggPages } from './ogg-pages.ts';
import { undecodable } from './refusals.ts';

/**
 * Decodes OGG Vorbis with libvorbis (WebAssembly), a few pages at a time: a page holds at most 255 packets of 4,096
 * samples, so the limit is looked at often enough.
 */
export const decodeOggVorbis: AudioDecoder = async (bytes, limits) => {
  const { OggVorbisDecoder } = await import('@wasm-audio-decoders/ogg-vorbis');
  const decoder = new OggVorbisDecoder();
  await decoder.ready;
  try {
    let collector: MonoCollector | undefined;
    let header = { sampleRateHz: 0, channels: 0 };
    for (const { pages, decodes } of batches(bytes)) {
      header = collector ? header : readIdentification(pages);
      collector ??= createMonoCollector(header.sampleRateHz, header.channels, limits);
      const { channelData, sampleRate, samplesDecoded, errors } = await decoder[decodes](pages);
      const [error] = errors;
      if (error) throw undecodable('the OGG Vorbis file is damaged: a packet cannot be decoded', error.message);
      if (samplesDecoded === 0) continue;
      if (sampleRate !== header.sampleRateHz || channelData.length !== header.channels)
        throw undecodable('the OGG Vorbis file contradicts its header');
      collector.add(channelData);
    }
    if (!collector) throw undecodable('the OGG Vorbis file has no page');
    return collector.finish();
  } finally {
    decoder.free();
  }
};

interface Batch {
  readonly pages: Uint8Array;
  readonly decodes: 'decode' | 'decodeFile' | 'flush';
}

const headerPackets = 3;

/**
 * The headers go to the decoder together with two pages of sound, then page by page: it lags one page behind, and without
 * sound after the headers it reads its number of channels from memory that nothing was written to.
 */
function* batches(bytes: Uint8Array): Generator<Batch, void> {
  const packetsOf = createPacketJoiner();
  let packets = 0;
  let soundPages = 0;
  let pending: OggPage[] = [];
  for (const page of oggPages(bytes)) {
    pending.push(page);
    packets += packetsOf(page).length;
    if (packets > headerPackets) soundPages++;
    if (soundPages < 2) continue;
    yield { pages: joinPages(pending), decodes: 'decode' };
    pending = [];
  }
  if (soundPages === 0) throw undecodable('the OGG Vorbis file holds headers only');
  yield { pages: joinPages(pending), decodes: soundPages < 2 ? 'decodeFile' : 'flush' };
}

const joinPages = (pages: readonly OggPage[]) => joinBytes(pages.map((page) => page.bytes));

/** Vorbis I, 4.2.2, behind the page's header: type and name (7 bytes), version (4), channels (1), rate (4). */
function readIdentification(pages: Uint8Array): { sampleRateHz: number; channels: number } {
  const packet = pages.subarray(27 + (pages[26] ?? 0));
  if (packet.length < 30) throw undecodable("the OGG Vorbis file's header is cut off");
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const header = { channels: view.getUint8(11), sampleRateHz: view.getUint32(12, true) };
  checkHeader(header.sampleRateHz, header.channels);
  return header;
}
