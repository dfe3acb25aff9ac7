import { crc32 } from 'node:zlib';
import { damaged } from './errors.ts';

/** Values begin with the CRC-32 of their key and the rest, so that what is damaged or misplaced is no answer. */
export const checksumBytes = 4;

/** Fills in the checksum of a value that has room for it. */
export function seal(key: Uint8Array, value: Buffer): Buffer {
  value.writeUInt32LE(checksumOf(key, value));
  return value;
}

export function checkSeal(key: Uint8Array, value: Buffer, what: string): void {
  if (value.length < checksumBytes || value.readUInt32LE() !== checksumOf(key, value))
    throw damaged(`${what} does not match its checksum`);
}

export const sealedText = (key: Uint8Array, text: string): Buffer =>
  seal(key, Buffer.concat([Buffer.alloc(checksumBytes), Buffer.from(text)]));

export function textOf(key: Uint8Array, value: Buffer, what: string): string {
  checkSeal(key, value, what);
  return value.toString('utf8', checksumBytes);
}

const checksumOf = (key: Uint8Array, value: Buffer): number => crc32(value.subarray(checksumBytes), crc32(key));
