import { fstatSync, readSync } from 'node:fs';
import { damaged } from './errors.ts';

/** The layout of lmdb-js 3's files (`dependencies/lmdb/libraries/liblmdb/mdb.c`): header of a page, then what it holds. */
export const headerBytes = 24;
/** At bytes 18 and 19 of a page. */
export const pageFlags = { branch: 0x01, leaf: 0x02, overflow: 0x04, meta: 0x08 };
/** A table's description: see `readTree`. */
export const treeBytes = 48;

const magic = 0xbeefc0de;
const metaOffset = headerBytes;
const dbsOffset = metaOffset + 24;
const txnIdOffset = dbsOffset + 2 * treeBytes + 8;
const lastPageOffset = txnIdOffset - 8;

export interface PageReader {
  readonly pageBytes: number;
  readonly count: number;
  /** A page, in a buffer of its own. */
  page(number: number): Buffer;
  /** Header of a page, in a buffer that the next one overwrites. */
  header(number: number): Buffer;
}

export interface Meta {
  readonly transaction: bigint;
  /** Where new pages begin, less one. */
  readonly lastPage: bigint;
  readonly free: Tree;
  readonly tables: Tree;
}

export interface Tree {
  readonly flags: number;
  readonly depth: number;
  /** Numbers of pages, and of entries. */
  readonly branches: bigint;
  readonly leaves: bigint;
  readonly overflows: bigint;
  readonly entries: bigint;
  readonly root: bigint;
}

export const readTree = (page: Buffer, offset: number): Tree => ({
  flags: page.readUInt16LE(offset + 4),
  depth: page.readUInt16LE(offset + 6),
  branches: page.readBigUInt64LE(offset + 8),
  leaves: page.readBigUInt64LE(offset + 16),
  overflows: page.readBigUInt64LE(offset + 24),
  entries: page.readBigUInt64LE(offset + 32),
  root: page.readBigUInt64LE(offset + 40),
});

export const flagsOf = (page: Buffer): number => page.readUInt16LE(18);

export function createPageReader(fd: number): PageReader {
  const { size } = fstatSync(fd);
  const first = read(fd, 0, Buffer.alloc(Math.min(size, txnIdOffset + 8)));
  if (first.length < txnIdOffset + 8 || first.readUInt32LE(metaOffset) !== magic) throw noDatabase();
  const pageBytes = first.readUInt32LE(dbsOffset);
  if (pageBytes < 512 || pageBytes > 65536 || (pageBytes & (pageBytes - 1)) !== 0) throw noDatabase();
  const header = Buffer.alloc(headerBytes);
  return {
    pageBytes,
    count: Math.floor(size / pageBytes),
    page: (number) => read(fd, number * pageBytes, Buffer.allocUnsafe(pageBytes)),
    header: (number) => read(fd, number * pageBytes, header),
  };
}

/** Of the two meta pages the one of the later transaction, as LMDB chooses; both must be sound. */
export function latestMeta(pages: PageReader): Meta {
  const [left, right] = [metaOf(pages, 0), metaOf(pages, 1)];
  return left.transaction > right.transaction ? left : right;
}

/** A page's number as it is stored, refused where the file has no such page. */
export function pageNumber(pages: PageReader, number: bigint): number {
  if (number < 2n || number >= BigInt(pages.count)) throw damaged('the file is cut off');
  return Number(number);
}

function metaOf(pages: PageReader, number: number): Meta {
  const page = pages.page(number);
  const isMeta = page.readUInt32LE(metaOffset) === magic && flagsOf(page) === pageFlags.meta;
  if (!isMeta || page.readUInt32LE(dbsOffset) !== pages.pageBytes) throw noDatabase();
  return {
    transaction: page.readBigUInt64LE(txnIdOffset),
    lastPage: page.readBigUInt64LE(lastPageOffset),
    free: readTree(page, dbsOffset),
    tables: readTree(page, dbsOffset + treeBytes),
  };
}

function read(fd: number, position: number, into: Buffer): Buffer {
  if (readSync(fd, into, 0, into.length, position) !== into.length) throw damaged('the file is cut off');
  return into;
}

const noDatabase = () => damaged('the file is no database');
