import { AffinisError } from '@affinis/core';

/*
 * Arrays travel as little-endian bytes, which is how every platform that Node supports here keeps them. Decoded `bytes`
 * are views into the message at any offset, so numbers are copied out before they are read.
 */

export function floatsFromBytes(bytes: Uint8Array, field: string): Float32Array {
  if (bytes.byteLength % 4 !== 0)
    throw invalid(`is ${bytes.byteLength} bytes, no multiple of 4; send float32 values`, field);
  return new Float32Array(copyOf(bytes));
}

/** The array's own memory as bytes, not copied. */
export const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

export const copyOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

export function invalid(problem: string, field: string, reason = 'MALFORMED'): AffinisError {
  return new AffinisError('invalid-argument', `[contracts] ${field} ${problem}`, { field, reason });
}
