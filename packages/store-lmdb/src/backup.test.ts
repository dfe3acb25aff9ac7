import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backupStore } from './backup.ts';
import { createLmdbStore } from './lmdb-store.ts';
import { withFolder } from './testing/folders.ts';
import { storeCommand, withProcess } from './testing/processes.ts';
import { createGallery, idsOf, many, put, write } from './testing/templates.ts';

describe('backup', () => {
  it('copies the store as it is at one moment, while it is open and written to', async () => {
    await withFolder(async (folder) => {
      const target = `${folder}-copy`;
      const store = await createLmdbStore({ folder });
      await write(store, createGallery, ...many(300), put('a', { metadata: { team: 'blue' } }));
      const progress: number[] = [];
      const [figures] = await Promise.all([
        backupStore({ folder, target, onProgress: (count) => progress.push(count) }),
        write(store, ...many(300, 'meanwhile')),
      ]);
      expect(progress.at(-1)).toBe(figures.templates);
      expect(await idsOf(store)).toHaveLength(601);
      const copy = await createLmdbStore({ folder: target });
      expect(await idsOf(copy)).toHaveLength(figures.templates);
      expect(await copy.get('g', 'a')).toEqual(await store.get('g', 'a'));
      expect(copy.withMetadata('g', { team: 'blue' })).toHaveLength(1);
      await write(copy, put('b'));
      await copy.close();
      await store.close();
    });
  });

  it('copies whole transactions of another process that writes without end', async () => {
    await withFolder(async (folder) => {
      await withProcess(storeCommand(folder, 'write'), async (writer) => {
        expect(await writer.next()).toEqual({ ready: true });
        for (let round = 0; round < 5; round++) {
          const { templates } = await backupStore({ folder, target: `${folder}-${round}` });
          const copy = await createLmdbStore({ folder: `${folder}-${round}` });
          expect(await idsOf(copy)).toHaveLength(templates);
          expect([...copy.rows('g')]).toHaveLength(templates);
          // The writer's batches of 50 are a transaction each.
          expect(templates % 50).toBe(0);
          await copy.close();
        }
      });
    });
  });

  it('refuses a target that holds anything, and a folder without a store', async () => {
    await withFolder(async (folder) => {
      const store = await createLmdbStore({ folder });
      const target = `${folder}-copy`;
      mkdirSync(target);
      writeFileSync(join(target, 'letter.txt'), 'dear');
      await expect(backupStore({ folder, target })).rejects.toMatchObject({ code: 'already-exists' });
      await expect(backupStore({ folder, target: folder })).rejects.toMatchObject({ code: 'already-exists' });
      await expect(backupStore({ folder: join(target, 'none'), target: `${folder}-2` })).rejects.toMatchObject({
        code: 'failed-precondition',
      });
      await store.close();
    });
  });
});
