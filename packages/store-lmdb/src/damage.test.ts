import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSeededRandom } from '@affinis/core';
import { open } from 'lmdb';
import { compactStore } from './compact.ts';
import { createLmdbStore } from './lmdb-store.ts';
import { withFolder } from './testing/folders.ts';
import { createGallery, embeddingOf, idsOf, many, put, write } from './testing/templates.ts';

const dataFile = 'templates-1.mdb';
const marker = 'find-this-vector';

const damaged = expect.objectContaining({
  code: 'failed-precondition',
  reason: 'STORE_DAMAGED',
  message: expect.stringMatching(/^\[store-lmdb\] .*; the store is damaged and was left as it is: restore a backup$/),
});

/** A folder whose store `spoil` may damage. */
async function withStore(work: (folder: string, file: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const store = await createLmdbStore({ folder });
    const marked = embeddingOf(marker);
    await write(store, createGallery, ...many(300), put('marked', { fused: marked, metadata: { team: 'blue-team' } }));
    await store.close();
    await work(folder, join(folder, dataFile));
  });
}

const allIds = [...Array.from({ length: 300 }, (_, at) => `id-${at}`), 'marked'].toSorted();

const digestOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Opening and compacting refuse, and leave the file as it is. */
async function expectRefused(folder: string, expected: unknown): Promise<void> {
  const file = join(folder, dataFile);
  const before = digestOf(file);
  await expect(createLmdbStore({ folder })).rejects.toEqual(expected);
  await expect(createLmdbStore({ folder, readOnly: true })).rejects.toEqual(expected);
  await expect(compactStore({ folder, now: 0 })).rejects.toEqual(expected);
  expect(digestOf(file)).toBe(before);
  expect(readdirSync(folder).filter((name) => name.startsWith('templates-') && name.endsWith('.mdb'))).toEqual([
    dataFile,
  ]);
}

describe('a damaged file', () => {
  it.each([0, 10, 4096, 8192, 20_000, 1_000_000, -5000])('that is cut at %d bytes is refused', async (bytes) => {
    await withStore(async (folder, file) => {
      const { length } = readFileSync(file);
      truncateSync(file, bytes < 0 ? length + bytes : bytes);
      await expectRefused(folder, damaged);
    });
  });

  it('of zeros, or of something else, is refused', async () => {
    await withStore(async (folder, file) => {
      const { length } = readFileSync(file);
      for (const content of [Buffer.alloc(length), Buffer.alloc(length, 'letters ')]) {
        writeFileSync(file, content);
        await expectRefused(folder, damaged);
      }
    });
  });

  it('never ends the process: any page of it overwritten is refused, or was of no use', async () => {
    await withStore(async (folder, file) => {
      const whole = readFileSync(file);
      const outcomes = { refused: 0, whole: 0 };
      for (let page = 0; page < whole.length / 4096; page += page < 40 ? 1 : 41) {
        const spoilt = Buffer.from(whole);
        spoilt.fill(0xa5, page * 4096, (page + 1) * 4096);
        writeFileSync(file, spoilt);
        outcomes[await readAll(folder)]++;
      }
      expect(outcomes.refused).toBeGreaterThan(outcomes.whole);
    });
  });

  it('never gives another answer: any few bytes of it changed are refused, or were of no use', async () => {
    await withStore(async (folder, file) => {
      const whole = readFileSync(file);
      const { integer } = createSeededRandom(5);
      const outcomes = { refused: 0, whole: 0 };
      for (let round = 0; round < 100; round++) {
        const spoilt = Buffer.from(whole);
        // Structure lies in the first pages; each page has its own at its front.
        const page = integer(round % 2 ? 40 : whole.length / 4096) * 4096;
        for (let change = 0; change < 4; change++) spoilt[page + integer(change % 2 ? 4096 : 120)] = integer(256);
        writeFileSync(file, spoilt);
        outcomes[await readAll(folder)]++;
      }
      expect(outcomes.refused).toBeGreaterThan(20);
    });
  });

  it('with one bit of a vector turned opens, and refuses that template and no other', async () => {
    await withStore(async (folder, file) => {
      const bytes = readFileSync(file);
      const at = bytes.lastIndexOf(marker);
      bytes[at + 100] = (bytes[at + 100] ?? 0) ^ 1;
      writeFileSync(file, bytes);
      const store = await createLmdbStore({ folder });
      await expect(store.get('g', 'marked')).rejects.toEqual(damaged);
      expect(await store.get('g', 'id-7')).toMatchObject({ id: 'id-7' });
      expect(() => [...store.rows('g')]).toThrow(damaged);
      await store.close();
      await expect(compactStore({ folder, now: 0 })).rejects.toEqual(damaged);
      expect(readFileSync(file).equals(bytes)).toBe(true);
    });
  });

  it('with one letter of a text changed refuses that template', async () => {
    await withStore(async (folder, file) => {
      const bytes = readFileSync(file);
      bytes.write('x', bytes.lastIndexOf('blue-team'));
      writeFileSync(file, bytes);
      const store = await createLmdbStore({ folder });
      await expect(store.get('g', 'marked')).rejects.toEqual(damaged);
      await expect(write(store, put('marked'))).rejects.toEqual(damaged);
      await store.close();
    });
  });
});

describe('another format', () => {
  it('is refused by its number', async () => {
    await withStore(async (folder, file) => {
      await changeFormat(file, { format: 'affinis.store', version: 2 });
      await expectRefused(
        folder,
        expect.objectContaining({
          code: 'failed-precondition',
          reason: 'STORE_FORMAT',
          message: expect.stringMatching(/format 2 where this Affinis reads format 1/),
        }),
      );
    });
  });

  it('of another program is refused', async () => {
    await withStore(async (folder, file) => {
      const other = join(`${folder}-other`, dataFile);
      mkdirSync(`${folder}-other`);
      const root = open(other, {});
      await root.put('hello', 'world');
      await root.close();
      copyFileSync(other, file);
      await expectRefused(folder, expect.objectContaining({ code: 'failed-precondition' }));
    });
  });
});

async function readAll(folder: string): Promise<'refused' | 'whole'> {
  try {
    const store = await createLmdbStore({ folder });
    try {
      expect(await idsOf(store)).toEqual(allIds);
      expect([...store.rows('g')]).toHaveLength(301);
      return 'whole';
    } finally {
      await store.close();
    }
  } catch (thrown) {
    expect(thrown).toEqual(damaged);
    return 'refused';
  }
}

async function changeFormat(file: string, format: object): Promise<void> {
  const root = open<Buffer, Uint8Array>(file, { keyEncoding: 'binary', encoding: 'binary', maxDbs: 8 });
  const meta = root.openDB<Buffer, Uint8Array>('meta', { keyEncoding: 'binary', encoding: 'binary' });
  await meta.put(Buffer.from('format'), Buffer.from(JSON.stringify(format)));
  await root.close();
}
