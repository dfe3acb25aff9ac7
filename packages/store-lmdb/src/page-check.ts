import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { damaged } from './errors.ts';

/*
 * LMDB maps its file and believes every page number in it, so a truncated or overwritten file ends the process by a
 * signal. This walks all trees of a file by plain reads first and refuses what does not hang together. The layout is that
 * of lmdb-js 3 (`dependencies/lmdb/libraries/liblmdb/mdb.c`): header of a page, meta page, nodes.
 */
const headerBytes = 24;
const nodeHeaderBytes = 8;
const magic = 0xbeefc0de;
const pageFlags = { branch: 0x01, leaf: 0x02, overflow: 0x04, meta: 0x08 };
const nodeFlags = { bigData: 0x01, subData: 0x02 };
const noPage = 0xffffffffffffffffn;
const metaOffset = headerBytes;
const dbsOffset = metaOffset + 24;
const dbBytes = 48;
const rootInDb = 40;
const txnIdOffset = dbsOffset + 2 * dbBytes + 8;

/**
 * Refuses a file that is not a whole LMDB database with `failed-precondition`; writes nothing. Pages that another process
 * uses again while they are walked are no damage: LMDB does that only after it has written another meta page.
 */
export function checkPages(file: string): void {
  const fd = openSync(file, 'r');
  try {
    const pages = createReader(fd);
    const meta = latestMeta(pages);
    try {
      for (const tree of [0, 1]) walk(pages, meta.readBigUInt64LE(dbsOffset + tree * dbBytes + rootInDb), new Set());
    } catch (thrown) {
      if (latestMeta(pages).readBigUInt64LE(txnIdOffset) === meta.readBigUInt64LE(txnIdOffset)) throw thrown;
    }
  } finally {
    closeSync(fd);
  }
}

interface PageReader {
  readonly pageBytes: number;
  readonly count: number;
  /** A page, in a buffer of its own. */
  page(number: number): Buffer;
  /** Header of a page, in a buffer that the next one overwrites. */
  header(number: number): Buffer;
}

function createReader(fd: number): PageReader {
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

function read(fd: number, position: number, into: Buffer): Buffer {
  if (readSync(fd, into, 0, into.length, position) !== into.length) throw damaged('the file is cut off');
  return into;
}

const noDatabase = () => damaged('the file is no database');

/** Of the two meta pages the one of the later transaction, as LMDB chooses; both must be sound. */
function latestMeta(pages: PageReader): Buffer {
  const [left, right] = [0, 1].map((number) => {
    const page = pages.page(number);
    if (page.readUInt32LE(metaOffset) !== magic || (page.readUInt16LE(18) & pageFlags.meta) === 0) throw noDatabase();
    return page;
  });
  if (!left || !right) throw noDatabase();
  return left.readBigUInt64LE(txnIdOffset) > right.readBigUInt64LE(txnIdOffset) ? left : right;
}

/** `seen` holds branch and leaf pages, so that a page that hangs in two places, or in itself, is found. */
function walk(pages: PageReader, root: bigint, seen: Set<number>): void {
  if (root === noPage) return;
  const open: number[] = [pageNumber(pages, root)];
  for (let number = open.pop(); number !== undefined; number = open.pop()) {
    if (seen.has(number)) throw damaged(`page ${number} has two parents`);
    seen.add(number);
    const page = pages.page(number);
    const flags = page.readUInt16LE(18);
    if (page.readBigUInt64LE() !== BigInt(number)) throw damaged(`page ${number} is not what it should be`);
    if (flags & pageFlags.branch) for (const node of nodes(page)) open.push(childOf(pages, page, node));
    else if (flags & pageFlags.leaf)
      for (const node of nodes(page)) {
        const subtree = checkLeafNode(pages, page, node);
        if (subtree !== undefined && subtree !== noPage) open.push(pageNumber(pages, subtree));
      }
    else throw damaged(`page ${number} is not what it should be`);
  }
}

/** Offsets of a page's nodes. */
function* nodes(page: Buffer): Iterable<number> {
  const lower = page.readUInt16LE(20);
  if (headerBytes + lower > page.length || lower % 2 !== 0) throw damaged('a page has an impossible size');
  for (let at = headerBytes; at < headerBytes + lower; at += 2) {
    const node = headerBytes + page.readUInt16LE(at);
    if (node + nodeHeaderBytes > page.length) throw damaged('an entry lies outside its page');
    yield node;
  }
}

function childOf(pages: PageReader, page: Buffer, node: number): number {
  const low = page.readUInt32LE(node);
  return pageNumber(pages, BigInt(low) + (BigInt(page.readUInt16LE(node + 4)) << 32n));
}

/** Gives the root where the node is a table of its own. */
function checkLeafNode(pages: PageReader, page: Buffer, node: number): bigint | undefined {
  const size = page.readUInt32LE(node);
  const flags = page.readUInt16LE(node + 4);
  const data = node + nodeHeaderBytes + page.readUInt16LE(node + 6);
  const inPage = flags & nodeFlags.bigData ? 8 : size;
  if (data + inPage > page.length) throw damaged('an entry lies outside its page');
  if (flags & nodeFlags.bigData) checkOverflow(pages, pageNumber(pages, page.readBigUInt64LE(data)), size);
  if ((flags & nodeFlags.subData) === 0) return undefined;
  if (size !== dbBytes) throw damaged('a table has an impossible size');
  return page.readBigUInt64LE(data + rootInDb);
}

function checkOverflow(pages: PageReader, number: number, size: number): void {
  const wanted = Math.ceil((headerBytes + size) / pages.pageBytes);
  if (number + wanted > pages.count) throw damaged('the file is cut off');
  const header = pages.header(number);
  const isIt = header.readBigUInt64LE() === BigInt(number) && (header.readUInt16LE(18) & pageFlags.overflow) !== 0;
  if (!isIt || header.readUInt32LE(20) !== wanted) throw damaged(`page ${number} is not what it should be`);
}

function pageNumber(pages: PageReader, number: bigint): number {
  if (number < 2n || number >= BigInt(pages.count)) throw damaged('the file is cut off');
  return Number(number);
}
