export type ImageFormat = 'jpeg' | 'png' | 'webp';

const png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const jpeg = [0xff, 0xd8, 0xff];

/** What the first bytes say the file is; only these formats ever reach a decoder. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  if (startsWith(bytes, jpeg)) return 'jpeg';
  if (startsWith(bytes, png)) return 'png';
  if (text(bytes, 0) === 'RIFF' && text(bytes, 8) === 'WEBP') return 'webp';
  return undefined;
}

const formatsByMediaType: Readonly<Record<string, ImageFormat>> = {
  'image/jpeg': 'jpeg',
  'image/jpg': 'jpeg',
  'image/png': 'png',
  'image/webp': 'webp',
};

/** Whether a MIME type, parameters and case aside, may name the format; types that say nothing name any. */
export function mediaTypeFits(mediaType: string, format: ImageFormat): boolean {
  const essence = mediaType.split(';')[0]?.trim().toLowerCase() ?? '';
  return essence === '' || essence === 'application/octet-stream' || formatsByMediaType[essence] === format;
}

const startsWith = (bytes: Uint8Array, prefix: readonly number[]) =>
  prefix.every((byte, index) => bytes[index] === byte);

const text = (bytes: Uint8Array, start: number) => String.fromCharCode(...bytes.subarray(start, start + 4));
