import { closeSync, openSync } from 'node:fs';
import { damaged } from './errors.ts';
import {
  createPageReader,
  flagsOf,
  headerBytes,
  latestMeta,
  type PageReader,
  pageFlags,
  pageNumber,
  readTree,
  type Tree,
  treeBytes,
} from './page-reader.ts';

/**
 * Walks all trees of an LMDB file by plain reads and refuses what does not hang together with `failed-precondition`; writes
 * nothing. LMDB itself maps its file and believes every page number in it, so a truncated or overwritten one would end the
 * process by a signal. Pages that another process uses again while they are walked are no damage: LMDB does that only
 * after it has written another meta page.
 */
export function checkPages(file: string): void {
  const fd = openSync(file, 'r');
  try {
    const pages = createPageReader(fd);
    const { transaction, lastPage, free, tables } = latestMeta(pages);
    try {
      const highest = Math.max(checkTree(pages, free, integerKeys), checkTree(pages, tables, 0));
      if (lastPage < BigInt(highest)) throw damaged('pages are in use that should be free');
    } catch (thrown) {
      if (latestMeta(pages).transaction === transaction) throw thrown;
    }
  } finally {
    closeSync(fd);
  }
}

const nodeHeaderBytes = 8;
const nodeFlags = { bigData: 0x01, subData: 0x02 };
const noPage = 0xffffffffffffffffn;
/** Free pages are listed by numbers in the host's order. lmdb also keeps there how the file was opened last. */
const integerKeys = 0x08;
const openingFlags = 0x4000 | 0x1000;

/** A page still to be looked at, how deep it lies, and the keys that all of its own lie between. */
interface Pending {
  readonly number: number;
  readonly level: number;
  readonly from?: Buffer | undefined;
  /** Exclusive. */
  readonly to?: Buffer | undefined;
}

/** Walks a tree and those in it, and holds it to its description; the highest page in use. */
function checkTree(pages: PageReader, tree: Tree, flags: number): number {
  if ((tree.flags & ~openingFlags) !== flags) throw damaged('a table is not of the kind that it should be');
  const found = { branches: 0, leaves: 0, overflows: 0, entries: 0 };
  const open: Pending[] = tree.root === noPage ? [] : [{ number: pageNumber(pages, tree.root), level: 1 }];
  let highest = 0;
  for (let pending = open.pop(); pending !== undefined; pending = open.pop()) {
    const { number, level, to } = pending;
    const page = pages.page(number);
    const kind = flagsOf(page);
    const nodes = nodesOf(page);
    if (page.readBigUInt64LE() !== BigInt(number) || nodes.length === 0) throw wrongPage(number);
    highest = Math.max(highest, number);
    // The first key of a branch page stands for all before the second.
    const keys = nodes.map((node, at) => (kind === pageFlags.branch && at === 0 ? pending.from : keyOf(page, node)));
    if ((flags & integerKeys) === 0) checkOrder(keys, pending);
    if (kind === pageFlags.branch && level < tree.depth) {
      // With the order of keys this ends, also where a page hangs in two places.
      if (++found.branches > pages.count) throw wrongPage(number);
      for (const [at, node] of nodes.entries())
        open.push({ number: childOf(pages, page, node), level: level + 1, from: keys[at], to: keys[at + 1] ?? to });
    } else if (kind === pageFlags.leaf && level === tree.depth) {
      if (++found.leaves > pages.count) throw wrongPage(number);
      found.entries += nodes.length;
      for (const node of nodes) {
        const { overflows, highest: inside } = checkLeafNode(pages, page, node);
        found.overflows += overflows;
        highest = Math.max(highest, inside);
      }
    } else throw wrongPage(number);
  }
  for (const name of ['branches', 'leaves', 'overflows', 'entries'] as const)
    if (BigInt(found[name]) !== tree[name]) throw damaged(`a table has ${found[name]} ${name}, not ${tree[name]}`);
  return highest;
}

function checkOrder(keys: readonly (Buffer | undefined)[], { from, to }: Pending): void {
  let last = from;
  for (const [at, key] of keys.entries()) {
    const tooLow = key && last && (at === 0 ? key.compare(last) < 0 : key.compare(last) <= 0);
    if (tooLow || (key && to && key.compare(to) >= 0)) throw damaged('keys are out of order');
    last = key ?? last;
  }
}

/** Offsets of a page's entries. */
function nodesOf(page: Buffer): number[] {
  const lower = page.readUInt16LE(20);
  if (headerBytes + lower > page.length || lower % 2 !== 0) throw damaged('a page has an impossible size');
  const offsets: number[] = [];
  for (let at = headerBytes; at < headerBytes + lower; at += 2) {
    const node = headerBytes + page.readUInt16LE(at);
    if (node < headerBytes + lower || node + nodeHeaderBytes > page.length) throw outside();
    offsets.push(node);
  }
  return offsets;
}

function keyOf(page: Buffer, node: number): Buffer {
  const start = node + nodeHeaderBytes;
  const end = start + page.readUInt16LE(node + 6);
  if (end > page.length) throw outside();
  return page.subarray(start, end);
}

function childOf(pages: PageReader, page: Buffer, node: number): number {
  const low = page.readUInt32LE(node);
  return pageNumber(pages, BigInt(low) + (BigInt(page.readUInt16LE(node + 4)) << 32n));
}

interface LeafNode {
  readonly overflows: number;
  readonly highest: number;
}

function checkLeafNode(pages: PageReader, page: Buffer, node: number): LeafNode {
  const size = page.readUInt32LE(node);
  const flags = page.readUInt16LE(node + 4);
  const data = node + nodeHeaderBytes + page.readUInt16LE(node + 6);
  if (data + (flags === nodeFlags.bigData ? 8 : size) > page.length) throw outside();
  switch (flags) {
    case 0:
      return { overflows: 0, highest: 0 };
    case nodeFlags.bigData:
      return checkOverflow(pages, pageNumber(pages, page.readBigUInt64LE(data)), size);
    case nodeFlags.subData:
      if (size !== treeBytes) throw damaged('a table has an impossible size');
      return { overflows: 0, highest: checkTree(pages, readTree(page, data), 0) };
    default:
      throw damaged('an entry is of no known kind');
  }
}

function checkOverflow(pages: PageReader, number: number, size: number): LeafNode {
  const wanted = Math.ceil((headerBytes + size) / pages.pageBytes);
  if (number + wanted > pages.count) throw damaged('the file is cut off');
  const header = pages.header(number);
  const isIt = header.readBigUInt64LE() === BigInt(number) && flagsOf(header) === pageFlags.overflow;
  if (!isIt || header.readUInt32LE(20) !== wanted) throw wrongPage(number);
  return { overflows: wanted, highest: number + wanted - 1 };
}

const outside = () => damaged('an entry lies outside its page');
const wrongPage = (number: number) => damaged(`page ${number} is not what it should be`);
