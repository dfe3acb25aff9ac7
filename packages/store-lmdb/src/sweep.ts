import { removeNow } from './catalogue.ts';
import { removeDropped } from './counters.ts';
import type { Database, Table } from './database.ts';
import { galleryPrefix } from './keys.ts';

/**
 * Removes up to `limit` entries of a gallery that is deleted, within a transaction; true where none are left. A gallery
 * disappears at once by its name, and its templates step by step, so that no transaction is long.
 */
export function sweepDropped(database: Database, gallery: number, limit: number): boolean {
  let left = limit;
  for (const table of [database.templates, database.rows, database.metadata]) {
    left -= removeFirst(table, gallery, left);
    if (left === 0) return false;
  }
  removeDropped(database, gallery);
  return true;
}

function removeFirst(table: Table, gallery: number, limit: number): number {
  const keys = [...table.getKeys({ start: galleryPrefix(gallery), end: galleryPrefix(gallery + 1), limit })];
  for (const key of keys) removeNow(table, key);
  return keys.length;
}
