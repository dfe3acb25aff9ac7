import { noGallery, type StoredRow, type StoredTemplate, varianceLength } from '@affinis/core';
import type { GalleryRecord, Reading } from './catalogue.ts';
import type { Database } from './database.ts';
import { damaged, where } from './errors.ts';
import { galleryPrefix, rowKey, sequenceOfKey, templateKey } from './keys.ts';
import { checkRow, readRowVectors, rowExpiry } from './row-codec.ts';
import { decodeTemplate } from './template-codec.ts';

/** Decodes a template's value, reading its row. */
export function readTemplate(
  database: Database,
  { number, gallery }: GalleryRecord,
  key: Uint8Array,
  value: Buffer,
  options: Reading = {},
): StoredTemplate {
  return decodeTemplate(key, value, gallery, (sequence) => {
    const ofRow = rowKey(number, sequence);
    const row = database.rows.get(ofRow, options);
    if (row) checkRow(ofRow, row, gallery);
    return row;
  });
}

/** All rows of a gallery as they are at the first one, each checked. */
export function* readRows(database: Database, { number, gallery }: GalleryRecord): Iterable<StoredRow> {
  const mean = new Float32Array(gallery.dimension);
  const variance = new Float32Array(varianceLength(gallery));
  const range = { start: galleryPrefix(number), end: galleryPrefix(number + 1) };
  for (const { key, value } of database.rows.getRange(range)) {
    checkRow(key, value, gallery);
    if (!readRowVectors(value, mean, variance)) throw damaged('a row is of another size than its gallery');
    const expiresAt = rowExpiry(value);
    yield { sequence: sequenceOfKey(key), mean, variance, ...(expiresAt === undefined ? {} : { expiresAt }) };
  }
}

/** Templates with many sources are large, so few are read at a time; each is read whole, in one moment. */
const templatesAtOnce = 16;

/** Goes on with what was written meanwhile; ends where the gallery is deleted meanwhile. */
export async function* scanTemplates(
  database: Database,
  find: () => GalleryRecord | undefined,
  name: string,
  { after }: { readonly after?: string },
): AsyncIterable<StoredTemplate> {
  if (!find()) throw noGallery(where, name);
  let last = after;
  for (let record = find(); record; record = find()) {
    const group = readAfter(database, record, last);
    yield* group;
    if (group.length < templatesAtOnce) return;
    last = group.at(-1)?.id;
  }
}

function readAfter(database: Database, record: GalleryRecord, after: string | undefined): StoredTemplate[] {
  const { number } = record;
  const start = after === undefined ? galleryPrefix(number) : templateKey(number, after);
  const range = { start, exclusiveStart: after !== undefined, end: galleryPrefix(number + 1), limit: templatesAtOnce };
  const group: StoredTemplate[] = [];
  for (const { key, value } of database.templates.getRange(range))
    group.push(readTemplate(database, record, key, value));
  return group;
}
