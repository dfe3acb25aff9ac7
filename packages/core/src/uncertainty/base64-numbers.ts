import { endianness } from 'node:os';
import { halfToNumber, numberToHalf } from './half.ts';

// Arrays of numbers as base64 of little-endian bytes. A text that ends within a number gives one number too many, NaN,
// so that whoever checks length and finiteness sees it.

export function decodeDoubles(text: string): Float64Array {
  return Float64Array.from(decode(Buffer.from(text, 'base64'), 8, (bytes, at) => bytes.readDoubleLE(at)));
}

export function decodeFloats(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  if (!littleEndian || bytes.length % 4 !== 0)
    return Float32Array.from(decode(bytes, 4, (from, at) => from.readFloatLE(at)));
  const values = new Float32Array(bytes.length / 4);
  new Uint8Array(values.buffer).set(bytes);
  return values;
}

/** float16 to float32, exactly. */
export function decodeHalves(text: string): Float32Array {
  return Float32Array.from(decode(Buffer.from(text, 'base64'), 2, (bytes, at) => halfToNumber(bytes.readUInt16LE(at))));
}

export function encodeDoubles(values: Float64Array): string {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [index, value] of values.entries()) bytes.writeDoubleLE(value, index * 8);
  return bytes.toString('base64');
}

export function encodeFloats(values: Float32Array): string {
  if (littleEndian) return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}

/** Rounds to float16; beyond 65504 an infinity. */
export function encodeHalves(values: Float32Array): string {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16LE(numberToHalf(value), index * 2);
  return bytes.toString('base64');
}

/** Galleries are exported and imported by the gigabyte, so the host's own order is copied as it is. */
const littleEndian = endianness() === 'LE';

function decode(bytes: Buffer, size: number, read: (bytes: Buffer, at: number) => number): Float64Array {
  return Float64Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    (index + 1) * size <= bytes.length ? read(bytes, index * size) : Number.NaN,
  );
}
