import type { StoredGallery } from '@affinis/core';
import { sealedText, textOf } from './checksum.ts';
import type { Database, Table } from './database.ts';
import { damaged } from './errors.ts';

/** A gallery's number, never given twice, keys all that belongs to it. */
export interface GalleryRecord {
  readonly number: number;
  readonly gallery: StoredGallery;
}

export function readGallery({ galleries }: Pick<Database, 'galleries'>, name: string): GalleryRecord | undefined {
  const key = Buffer.from(name);
  if (key.length === 0 || key.length > longestKey) return undefined;
  const value = galleries.get(key);
  return value && parse(key, value);
}

/** In the order of their names. */
export function readGalleries({ galleries }: Pick<Database, 'galleries'>, options: Reading = {}): GalleryRecord[] {
  return Array.from(galleries.getRange({ start: lowestKey, ...options }), ({ key, value }) => parse(key, value));
}

export function writeGallery({ galleries }: Pick<Database, 'galleries'>, record: GalleryRecord): void {
  const key = Buffer.from(record.gallery.name);
  putNow(galleries, key, sealedText(key, JSON.stringify(record)));
}

/** Reads from one moment's state, held by a transaction of `useReadTransaction`. */
export interface Reading {
  readonly transaction?: ReturnType<Table['useReadTransaction']>;
}

/** Inside a transaction a put is done when it returns; the promise that lmdb gives as well says nothing more. */
export function putNow(table: Table, key: Buffer, value: Buffer): void {
  void table.put(key, value);
}

export function removeNow(table: Table, key: Uint8Array): void {
  void table.remove(key);
}

const longestKey = 512;
const lowestKey = Buffer.from([0]);

function parse(key: Uint8Array, value: Buffer): GalleryRecord {
  const text = textOf(key, value, 'a gallery');
  try {
    return JSON.parse(text) as GalleryRecord;
  } catch (cause) {
    throw damaged('a gallery cannot be read', cause);
  }
}
