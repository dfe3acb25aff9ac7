import { crc32 } from 'node:zlib';
import { damaged } from './errors.ts';

/** Every value begins with the CRC-32 of the rest, so that a damaged one is refused and never taken for an answer. */
export const checksumBytes = 4;

export function seal(value: Buffer): Buffer {
  value.writeUInt32LE(crc32(value.subarray(checksumBytes)));
  return value;
}

export function checkSeal(value: Buffer, what: string): void {
  if (value.length < checksumBytes || value.readUInt32LE() !== crc32(value.subarray(checksumBytes)))
    throw damaged(`${what} does not match its checksum`);
}
