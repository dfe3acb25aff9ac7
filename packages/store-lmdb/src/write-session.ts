import {
  checkStoredGallery,
  checkStoreName,
  checkTemplate,
  galleryExists,
  noGallery,
  noSequencesLeft,
  noTemplate,
  otherRevision,
  type StoreAnswer,
  type StoreWrite,
} from '@affinis/core';
import { type GalleryRecord, putNow, readGallery, removeNow, writeGallery } from './catalogue.ts';
import { seal } from './checksum.ts';
import { addDropped, readCounter, writeCounter } from './counters.ts';
import type { Database } from './database.ts';
import { where } from './errors.ts';
import { metadataKey, metadataPrefix, rowKey, templateKey } from './keys.ts';
import { encodeRow } from './row-codec.ts';
import { decodeHead, encodeTemplate } from './template-codec.ts';

type Put = Extract<StoreWrite, { kind: 'put' }>;
type Delete = Extract<StoreWrite, { kind: 'delete' }>;

/** Applies writes within one transaction of LMDB. */
export interface WriteSession {
  /** Throws before it changes anything, or does all of the write. */
  apply(write: StoreWrite): StoreAnswer;
  /** Names of galleries that were made or deleted. */
  finish(): ReadonlySet<string>;
}

const highestSequence = 2 ** 32 - 1;

export function createWriteSession(database: Database): WriteSession {
  const known = new Map<string, GalleryRecord | undefined>();
  const changed = new Set<string>();
  const firstSequence = readCounter(database, 'next-sequence');
  let nextSequence = firstSequence;

  const find = (name: string): GalleryRecord | undefined => {
    if (!known.has(name)) known.set(name, readGallery(database, name));
    return known.get(name);
  };
  const get = (name: string): GalleryRecord => {
    const record = find(name);
    if (!record) throw noGallery(where, name);
    return record;
  };
  const change = (name: string, record: GalleryRecord | undefined) => {
    known.set(name, record);
    changed.add(name);
  };

  const apply = (write: StoreWrite): StoreAnswer => {
    switch (write.kind) {
      case 'create-gallery': {
        const { gallery } = write;
        checkStoredGallery(gallery);
        if (find(gallery.name)) throw galleryExists(where, gallery.name);
        const number = readCounter(database, 'next-gallery');
        writeCounter(database, 'next-gallery', number + 1);
        writeGallery(database, { number, gallery });
        change(gallery.name, { number, gallery });
        return {};
      }
      case 'delete-gallery': {
        const { number } = get(write.gallery);
        removeNow(database.galleries, Buffer.from(write.gallery));
        addDropped(database, number);
        change(write.gallery, undefined);
        return {};
      }
      case 'rename-gallery': {
        const { number, gallery } = get(write.gallery);
        checkStoreName(write.to, 'gallery');
        if (write.to === write.gallery) return {};
        const replaced = find(write.to);
        if (replaced) addDropped(database, replaced.number);
        removeNow(database.galleries, Buffer.from(write.gallery));
        const renamed = { number, gallery: { ...gallery, name: write.to } };
        writeGallery(database, renamed);
        change(write.gallery, undefined);
        change(write.to, renamed);
        return {};
      }
      case 'put': {
        const record = get(write.gallery);
        checkTemplate(write.template, record.gallery);
        if (nextSequence > highestSequence) throw noSequencesLeft(where);
        const answer = put(database, record, write, nextSequence);
        nextSequence++;
        return answer;
      }
      case 'delete':
        return remove(database, get(write.gallery), write);
    }
  };

  return {
    apply,
    finish() {
      if (nextSequence !== firstSequence) writeCounter(database, 'next-sequence', nextSequence);
      return changed;
    },
  };
}

function put(database: Database, record: GalleryRecord, { template, revision }: Put, sequence: number): StoreAnswer {
  const { number, gallery } = record;
  const key = templateKey(number, template.id);
  const stored = database.templates.get(key);
  const before = stored && decodeHead(key, stored);
  const found = before?.revision ?? 0;
  if (revision !== undefined && revision !== found) throw otherRevision(where, revision, found);
  const next = { sequence, revision: found + 1 };
  const value = encodeTemplate(template, next, gallery);
  const { id, fused, expiresAt } = template;
  const prefixes = metadataPrefixes(number, template.metadata);
  const row = encodeRow({ id, mean: fused.mean, variance: fused.variance?.values ?? noVariance, expiresAt });

  if (before) removeRow(database, number, before);
  const ofRow = rowKey(number, sequence);
  putNow(database.templates, key, seal(key, value));
  putNow(database.rows, ofRow, seal(ofRow, row));
  for (const prefix of prefixes) putNow(database.metadata, metadataKey(prefix, sequence), nothing);
  return { ...next, ...(before ? { replaced: before.sequence } : {}) };
}

function remove(database: Database, { number }: GalleryRecord, { id }: Delete): StoreAnswer {
  checkStoreName(id, 'id');
  const key = templateKey(number, id);
  const stored = database.templates.get(key);
  if (!stored) throw noTemplate(where, id);
  const before = decodeHead(key, stored);
  removeNow(database.templates, key);
  removeRow(database, number, before);
  return { replaced: before.sequence };
}

function removeRow(database: Database, gallery: number, { sequence, metadata }: Indexed): void {
  removeNow(database.rows, rowKey(gallery, sequence));
  for (const prefix of metadataPrefixes(gallery, metadata)) removeNow(database.metadata, metadataKey(prefix, sequence));
}

interface Indexed {
  readonly sequence: number;
  readonly metadata: Readonly<Record<string, string>>;
}

const metadataPrefixes = (gallery: number, metadata: Readonly<Record<string, string>>): Buffer[] =>
  Object.entries(metadata).map(([name, value]) => metadataPrefix(gallery, name, value));

const noVariance = new Float32Array();
const nothing = Buffer.alloc(0);
