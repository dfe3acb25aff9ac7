import { badSample, undecodable } from './refusals.ts';

/** One page of the sound's logical stream (RFC 3533), its checksum checked. */
export interface OggPage {
  /** The page as it lies in the file, header included. */
  readonly bytes: Uint8Array;
  readonly body: Uint8Array;
  /** Lengths of the pieces of packets; 255 means that the packet goes on. */
  readonly lacing: Uint8Array;
  /** Samples up to the end of the last packet that ends here; -1 where none ends. */
  readonly granulePosition: number;
  readonly isLast: boolean;
}

/**
 * Walks the pages of the first logical stream of an OGG file; other streams are skipped. A page with a wrong checksum, a
 * gap in the numbering, or a file without the last page is an error.
 */
export function* oggPages(bytes: Uint8Array): Generator<OggPage, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let serial: number | undefined;
  let sequence = 0;
  let ended = false;
  for (let at = 0; at < bytes.length; ) {
    const { page, next } = readPage(bytes, view, at);
    serial ??= view.getUint32(at + 14, true);
    at = next;
    if (view.getUint32(page.bytes.byteOffset - bytes.byteOffset + 14, true) !== serial) continue;
    if (ended)
      throw badSample('media', 'UNSUPPORTED_FORMAT', 'several OGG recordings follow one another; send them one by one');
    if (view.getUint32(page.bytes.byteOffset - bytes.byteOffset + 18, true) !== sequence++)
      throw undecodable('a page of the OGG file is missing');
    ended = page.isLast;
    yield page;
  }
  if (!ended) throw undecodable('the OGG file is cut off: its last page is missing');
}

/** The packets that end on each page, joined across pages. */
export function createPacketJoiner(): (page: OggPage) => Uint8Array[] {
  let pieces: Uint8Array[] = [];
  return ({ lacing, body }) => {
    const packets: Uint8Array[] = [];
    let start = 0;
    let end = 0;
    for (const length of lacing) {
      end += length;
      if (length === 255) continue;
      packets.push(joinBytes([...pieces, body.subarray(start, end)]));
      pieces = [];
      start = end;
    }
    if (end > start) pieces.push(body.subarray(start, end));
    return packets;
  };
}

function readPage(bytes: Uint8Array, view: DataView, at: number): { page: OggPage; next: number } {
  const cutOff = () => undecodable('the OGG file is cut off within a page');
  if (at + 27 > bytes.length) throw cutOff();
  if (view.getUint32(at) !== 0x4f676753 || bytes[at + 4] !== 0)
    throw undecodable(`the OGG file is damaged: no page begins at byte ${at}`);
  const flags = view.getUint8(at + 5);
  const bodyStart = at + 27 + view.getUint8(at + 26);
  if (bodyStart > bytes.length) throw cutOff();
  const lacing = bytes.subarray(at + 27, bodyStart);
  const next = lacing.reduce((end, length) => end + length, bodyStart);
  if (next > bytes.length) throw cutOff();
  const page = bytes.subarray(at, next);
  if (checksum(page) !== view.getUint32(at + 22, true))
    throw undecodable('the OGG file is damaged: the checksum of a page is wrong');
  return {
    page: {
      bytes: page,
      body: bytes.subarray(bodyStart, next),
      lacing,
      granulePosition: Number(view.getBigInt64(at + 6, true)),
      isLast: (flags & 4) !== 0,
    },
    next,
  };
}

/** CRC-32 with the polynomial 0x04c11db7, not reflected; the checksum's own four bytes count as zeros. */
function checksum(page: Uint8Array): number {
  let crc = 0;
  for (let i = 0; i < page.length; i++) {
    const byte = i >= 22 && i < 26 ? 0 : (page[i] ?? 0);
    crc = ((crc << 8) ^ (crcTable[(crc >>> 24) ^ byte] ?? 0)) >>> 0;
  }
  return crc;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let remainder = index << 24;
  for (let bit = 0; bit < 8; bit++)
    remainder = remainder & 0x8000_0000 ? (remainder << 1) ^ 0x04c1_1db7 : remainder << 1;
  return remainder >>> 0;
});

/** One array of several; a single one is returned as it is. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only && pieces.length === 1) return only;
  const joined = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
