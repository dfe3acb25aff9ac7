import { isLayer3Header } from './mpeg-frames.ts';

export type AudioFormat = 'wav' | 'flac' | 'mp3' | 'ogg-vorbis' | 'ogg-opus';

export const acceptedFormats = 'WAV, FLAC, MP3, OGG Vorbis or OGG Opus';

/** What the first bytes say the file is; only these formats ever reach a decoder. */
export function sniffAudioFormat(bytes: Uint8Array): AudioFormat | undefined {
  if (text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 4) === 'WAVE') return 'wav';
  if (text(bytes, 0, 4) === 'fLaC') return 'flac';
  if (text(bytes, 0, 4) === 'OggS') return sniffOgg(bytes);
  if (text(bytes, 0, 3) === 'ID3' || isLayer3Header(bytes, 0)) return 'mp3';
  return undefined;
}

/** What else the bytes may be, for a message that helps. */
export function describeForeignFormat(bytes: Uint8Array): string {
  const [head, brand] = [text(bytes, 0, 4), text(bytes, 4, 4)];
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'a JPEG image';
  if (head === '\x89PNG') return 'a PNG image';
  if (head === 'RIFF' && text(bytes, 8, 4) === 'WEBP') return 'a WebP image';
  if (brand === 'ftyp') return 'MP4 (M4A)';
  if (head === '\x1aE\xdf\xa3') return 'WebM or Matroska';
  if (head === 'FORM') return 'AIFF';
  if (head === 'RIFX' || head === 'RF64') return `${head}, a variant of WAV`;
  if (head === 'OggS') return 'OGG with neither Vorbis nor Opus first';
  if (bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xf6) === 0xf0) return 'raw AAC';
  return 'no known recording';
}

const formatsByMediaType: Readonly<Record<string, readonly AudioFormat[]>> = {
  'audio/wav': ['wav'],
  'audio/wave': ['wav'],
  'audio/x-wav': ['wav'],
  'audio/vnd.wave': ['wav'],
  'audio/flac': ['flac'],
  'audio/x-flac': ['flac'],
  'audio/mpeg': ['mp3'],
  'audio/mp3': ['mp3'],
  'audio/ogg': ['ogg-vorbis', 'ogg-opus'],
  'application/ogg': ['ogg-vorbis', 'ogg-opus'],
  'audio/vorbis': ['ogg-vorbis'],
  'audio/opus': ['ogg-opus'],
};

/** Whether a MIME type, parameters and case aside, may name the format; types that say nothing name any. */
export function mediaTypeFits(mediaType: string, format: AudioFormat): boolean {
  const essence = mediaType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (essence === '' || essence === 'application/octet-stream') return true;
  return Object.hasOwn(formatsByMediaType, essence) && formatsByMediaType[essence]?.includes(format) === true;
}

function sniffOgg(bytes: Uint8Array): AudioFormat | undefined {
  const packet = 27 + (bytes[26] ?? 0);
  if (text(bytes, packet, 8) === 'OpusHead') return 'ogg-opus';
  if (text(bytes, packet, 7) === '\x01vorbis') return 'ogg-vorbis';
  return undefined;
}

const text = (bytes: Uint8Array, start: number, length: number) =>
  String.fromCharCode(...bytes.subarray(start, start + length));
