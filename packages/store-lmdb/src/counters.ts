import { putNow, type Reading, removeNow } from './catalogue.ts';
import { sealedText, textOf } from './checksum.ts';
import type { Database } from './database.ts';

type Meta = Pick<Database, 'meta'>;
type Counter = 'next-sequence' | 'next-gallery';

/** Numbers are given upwards from 1 and never again, so what is deleted cannot be mistaken for what came after it. */
export function readCounter({ meta }: Meta, name: Counter, options: Reading = {}): number {
  const key = Buffer.from(name);
  const value = meta.get(key, options);
  return value ? Number(textOf(key, value, 'a counter')) : 1;
}

export function writeCounter({ meta }: Meta, name: Counter, next: number): void {
  const key = Buffer.from(name);
  putNow(meta, key, sealedText(key, String(next)));
}

/** Galleries that are deleted while their templates are not yet removed. */
export const addDropped = ({ meta }: Meta, gallery: number): void =>
  putNow(meta, Buffer.from(`${dropped}${gallery}`), Buffer.from('1'));

export const removeDropped = ({ meta }: Meta, gallery: number): void =>
  removeNow(meta, Buffer.from(`${dropped}${gallery}`));

export const readDropped = ({ meta }: Meta): number[] =>
  Array.from(meta.getKeys({ start: Buffer.from(dropped), end: Buffer.from(`${dropped}:`) }), (key) =>
    Number(Buffer.from(key).toString().slice(dropped.length)),
  );

const dropped = 'dropped/';
