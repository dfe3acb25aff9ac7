import type { GalleryRecord } from './catalogue.ts';
import type { Database, Table } from './database.ts';
import { galleryPrefix, metadataKey, metadataPrefix, sequenceOfKey } from './keys.ts';

/** Sequence numbers, ascending, of the gallery's templates whose metadata holds all pairs; of all where there are none. */
export function matchMetadata(
  database: Database,
  { number }: GalleryRecord,
  equals: Readonly<Record<string, string>>,
): Uint32Array {
  const pairs = Object.entries(equals);
  if (pairs.length === 0) return sequences(database.rows, galleryPrefix(number), galleryPrefix(number + 1));
  const lists = pairs.map(([name, value]) => {
    const prefix = metadataPrefix(number, name, value);
    return sequences(database.metadata, metadataKey(prefix, 0), metadataKey(prefix, 2 ** 32 - 1));
  });
  lists.sort((left, right) => left.length - right.length);
  return lists.reduce(intersect);
}

function sequences(table: Table, start: Buffer, end: Buffer): Uint32Array {
  return Uint32Array.from(table.getKeys({ start, end, inclusiveEnd: true }), sequenceOfKey);
}

/** Both ascend. */
function intersect(left: Uint32Array, right: Uint32Array): Uint32Array {
  const both = new Uint32Array(Math.min(left.length, right.length));
  let count = 0;
  let at = 0;
  for (const sequence of left) {
    while (at < right.length && (right[at] as number) < sequence) at++;
    if (right[at] === sequence) both[count++] = sequence;
  }
  return both.slice(0, count);
}
