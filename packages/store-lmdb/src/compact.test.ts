import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CompactStep, compactStore } from './compact.ts';
import { createLmdbStore } from './lmdb-store.ts';
import { withFolder } from './testing/folders.ts';
import { storeCommand } from './testing/processes.ts';
import { createGallery, embeddingOf, gallery, idsOf, many, put, write } from './testing/templates.ts';

/** Of a template that is to vanish: in its id, its metadata, its fused vector and a source's. */
const secrets = ['secret-id-000001', 'secret-name-0001', 'secret-text-0001', 'secret-fused-001', 'secret-source-01'];
const [secretId = '', secretName = '', secretText = '', secretFused = '', secretSource = ''] = secrets;

const secretTemplate = (id = secretId, expiresAt?: number) =>
  put(id, {
    fused: embeddingOf(secretFused),
    sources: [{ embedding: embeddingOf(secretSource), enrolledAt: 1 }],
    metadata: { [secretName]: secretText },
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });

/** Which of them some file of the folder holds. */
function foundIn(folder: string): string[] {
  const bytes = readdirSync(folder).map((file) => readFileSync(join(folder, file)));
  return secrets.filter((secret) => bytes.some((content) => content.includes(secret)));
}

async function storeWithSecret(folder: string, { expiresAt }: { expiresAt?: number } = {}): Promise<void> {
  const store = await createLmdbStore({ folder });
  await write(store, createGallery, ...many(200), secretTemplate(secretId, expiresAt), ...many(50, 'later'));
  await store.close();
}

const deleteSecret = { kind: 'delete', gallery: 'g', id: secretId } as const;

describe('compaction', () => {
  it('takes a deleted template out of every file', async () => {
    await withFolder(async (folder) => {
      await storeWithSecret(folder);
      expect(foundIn(folder)).toEqual(secrets);
      const store = await createLmdbStore({ folder });
      await write(store, deleteSecret);
      await store.close();
      expect(foundIn(folder)).not.toEqual([]);
      const figures = await compactStore({ folder, now: 0 });
      expect(figures).toMatchObject({ galleries: 1, templates: 250, purged: 0 });
      expect(figures.bytesAfter).toBeLessThan(figures.bytesBefore);
      expect(foundIn(folder)).toEqual([]);
      expect(readdirSync(folder).filter((file) => file.startsWith('templates'))).toEqual(['templates-2.mdb']);
    });
  });

  it('purges what has expired, and the templates of a gallery that was deleted', async () => {
    await withFolder(async (folder) => {
      await storeWithSecret(folder, { expiresAt: 1000 });
      expect(await compactStore({ folder, now: 999 })).toMatchObject({ templates: 251, purged: 0 });
      expect(foundIn(folder)).toEqual(secrets);
      expect(await compactStore({ folder, now: 1000 })).toMatchObject({ templates: 250, purged: 1 });
      expect(foundIn(folder)).toEqual([]);
      // A clock that goes back brings nothing back.
      expect(await compactStore({ folder, now: 1 })).toMatchObject({ templates: 250, purged: 0 });

      const store = await createLmdbStore({ folder });
      await write(store, { kind: 'create-gallery', gallery: { ...gallery, name: secretText } });
      await write(store, { ...secretTemplate(), gallery: secretText } as never);
      await write(store, { kind: 'delete-gallery', gallery: secretText });
      await store.close();
      await compactStore({ folder, now: 0 });
      expect(foundIn(folder)).toEqual([]);
    });
  });

  it('forgets what a template held before it was replaced', async () => {
    await withFolder(async (folder) => {
      await storeWithSecret(folder);
      const store = await createLmdbStore({ folder });
      await write(store, put(secretId));
      await store.close();
      await compactStore({ folder, now: 0 });
      expect(foundIn(folder)).toEqual([secretId]);
    });
  });

  it('keeps every digit, number and index of what is live', async () => {
    await withFolder(async (folder) => {
      const template = { metadata: { team: 'blue' }, consentAt: 3, expiresAt: 9 };
      let store = await createLmdbStore({ folder });
      await write(store, createGallery, put('a', template), put('b'), put('b'), put('gone'));
      await write(store, { kind: 'delete', gallery: 'g', id: 'gone' });
      const before = [await store.get('g', 'a'), await store.get('g', 'b'), store.withMetadata('g', { team: 'blue' })];
      await store.close();
      await compactStore({ folder, now: 8 });
      store = await createLmdbStore({ folder });
      const after = [await store.get('g', 'a'), await store.get('g', 'b'), store.withMetadata('g', { team: 'blue' })];
      expect(after).toEqual(before);
      const [answer] = await store.write([put('c')]);
      expect(answer).toMatchObject({ ok: true, value: { sequence: 5 } });
      await store.close();
    });
  });

  it.each([
    ['build', 1],
    ['publish', 1],
    ['remove-old', 2],
    ['done', 2],
  ] satisfies [CompactStep, number][])(
    'that is killed before "%s" leaves one whole store',
    async (step, generation) => {
      await withFolder(async (folder) => {
        await storeWithSecret(folder, { expiresAt: 1000 });
        const child = spawn(process.execPath, storeCommand(folder, `crash:${step}`).slice(1), { stdio: 'inherit' });
        expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
        const store = await createLmdbStore({ folder });
        expect(await idsOf(store)).toHaveLength(generation === 1 ? 251 : 250);
        await store.close();
        const files = readdirSync(folder).filter((file) => file.endsWith('.mdb'));
        expect(files.toSorted()).toEqual(['lock.mdb', `templates-${generation}.mdb`]);
        if (generation === 2) expect(foundIn(folder)).toEqual([]);
      });
    },
  );

  it('takes the newer store where the older one could not be removed', async () => {
    await withFolder(async (folder) => {
      await storeWithSecret(folder, { expiresAt: 1000 });
      const old = readFileSync(join(folder, 'templates-1.mdb'));
      await compactStore({ folder, now: 1000 });
      writeFileSync(join(folder, 'templates-1.mdb'), old);
      const reader = await createLmdbStore({ folder, readOnly: true });
      expect(await reader.get('g', secretId)).toBeUndefined();
      await reader.close();
      const store = await createLmdbStore({ folder });
      expect(await store.get('g', secretId)).toBeUndefined();
      await store.close();
      expect(foundIn(folder)).toEqual([]);
    });
  });

  it('refuses while a store is open, and where there is none', async () => {
    await withFolder(async (folder) => {
      await expect(compactStore({ folder, now: 0 })).rejects.toMatchObject({ code: 'failed-precondition' });
      const store = await createLmdbStore({ folder });
      const { mtimeMs } = statSync(join(folder, 'templates-1.mdb'));
      await expect(compactStore({ folder, now: 0 })).rejects.toMatchObject({ reason: 'STORE_LOCKED' });
      expect(statSync(join(folder, 'templates-1.mdb')).mtimeMs).toBe(mtimeMs);
      await store.close();
    });
  });

  it('goes on under a reader, who keeps seeing the old store', async () => {
    await withFolder(async (folder) => {
      await storeWithSecret(folder, { expiresAt: 1000 });
      const reader = await createLmdbStore({ folder, readOnly: true });
      await compactStore({ folder, now: 1000 });
      expect(await idsOf(reader)).toHaveLength(251);
      await reader.close();
      expect(foundIn(folder)).toEqual([]);
    });
  });
});
