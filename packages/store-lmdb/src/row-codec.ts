import { type StoredGallery, varianceLength } from '@affinis/core';
import { checkSeal } from './checksum.ts';
import { damaged } from './errors.ts';
import { readFloats, writeFloats } from './floats.ts';

/**
 * A row: uint32 checksum, uint16 bytes of the id, uint16 zero, float64 expiry (NaN: none), then float32 mean, float32
 * variance and the id. A 512-dimensional row with a variance a dimension takes two pages with or without the id.
 */
const headBytes = 16;

export interface Row {
  readonly id: string;
  readonly mean: Float32Array;
  /** Empty where the gallery has none. */
  readonly variance: Float32Array;
  readonly expiresAt?: number | undefined;
}

/** Still to be sealed. */
export function encodeRow({ id, mean, variance, expiresAt }: Row): Buffer {
  const idBytes = Buffer.byteLength(id);
  const value = Buffer.allocUnsafe(headBytes + mean.byteLength + variance.byteLength + idBytes);
  value.writeUInt16LE(idBytes, 4);
  value.writeUInt16LE(0, 6);
  value.writeDoubleLE(expiresAt ?? Number.NaN, 8);
  const end = writeFloats(value, writeFloats(value, headBytes, mean), variance);
  value.write(id, end, 'utf8');
  return value;
}

/** Refuses a row that is damaged or not of the gallery's shape. */
export function checkRow(key: Uint8Array, value: Buffer, { dimension, varianceKind }: StoredGallery): void {
  checkSeal(key, value, 'a row');
  const floats = dimension + varianceLength({ dimension, varianceKind });
  if (value.length !== headBytes + 4 * floats + value.readUInt16LE(4))
    throw damaged('a row is of another size than its gallery');
}

/** Copies the vectors; false where the row is not of this size. Does not compute the checksum: searches call it often. */
export function readRowVectors(value: Buffer, mean: Float32Array, variance: Float32Array): boolean {
  if (value.length !== headBytes + mean.byteLength + variance.byteLength + value.readUInt16LE(4)) return false;
  readFloats(value, readFloats(value, headBytes, mean), variance);
  return true;
}

export function rowExpiry(value: Buffer): number | undefined {
  const expiresAt = value.readDoubleLE(8);
  return Number.isNaN(expiresAt) ? undefined : expiresAt;
}

export const rowId = (value: Buffer): string =>
  value.toString('utf8', value.length - value.readUInt16LE(4), value.length);
