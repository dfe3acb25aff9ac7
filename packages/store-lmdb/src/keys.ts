import { createHash } from 'node:crypto';

/** Keys sort as bytes, so numbers are big-endian: what belongs to one gallery lies together, in the order of a scan. */

/** First key of all that belongs to a gallery, and end of what belongs to the one before it. */
export function galleryPrefix(gallery: number): Buffer {
  const key = Buffer.alloc(4);
  key.writeUInt32BE(gallery);
  return key;
}

export const templateKey = (gallery: number, id: string): Buffer =>
  Buffer.concat([galleryPrefix(gallery), Buffer.from(id)]);

export const idOfTemplateKey = (key: Uint8Array): string => Buffer.from(key).toString('utf8', 4);

export function rowKey(gallery: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  key.writeUInt32BE(gallery);
  key.writeUInt32BE(sequence, 4);
  return key;
}

/** Of a row's key, and of a metadata key: it is the end of both. */
export const sequenceOfKey = (key: Uint8Array): number => Buffer.from(key).readUInt32BE(key.length - 4);

/** First key of the templates whose metadata holds this pair; 16 bytes of SHA-256 stand for the pair. */
export function metadataPrefix(gallery: number, name: string, value: string): Buffer {
  const digest = createHash('sha256')
    .update(JSON.stringify([name, value]))
    .digest();
  return Buffer.concat([galleryPrefix(gallery), digest.subarray(0, 16)]);
}

export function metadataKey(prefix: Buffer, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(prefix.length + 4);
  prefix.copy(key);
  key.writeUInt32BE(sequence, prefix.length);
  return key;
}
