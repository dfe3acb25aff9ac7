import { openDatabase } from './database.ts';
import { createLmdbStore } from './lmdb-store.ts';
import { currentFile } from './store-files.ts';
import { withFolder } from './testing/folders.ts';
import { createGallery, idsOf, many, write } from './testing/templates.ts';

const deleteGallery = { kind: 'delete-gallery', gallery: 'g' } as const;

/** Entries of all tables that hold templates. */
async function entriesOf(folder: string): Promise<number> {
  const database = await openDatabase(currentFile(folder) ?? '', { readOnly: true });
  try {
    return [database.templates, database.rows, database.metadata].reduce((sum, table) => sum + table.getKeysCount(), 0);
  } finally {
    await database.close();
  }
}

describe('a gallery that is deleted', () => {
  it('is gone at once, and its templates bit by bit, also after the store was closed meanwhile', async () => {
    await withFolder(async (folder) => {
      const first = await createLmdbStore({ folder });
      await write(first, createGallery, ...many(1500));
      await write(first, deleteGallery, createGallery, ...many(3, 'new'));
      expect(await idsOf(first)).toEqual(['new-0', 'new-1', 'new-2']);
      await first.close();
      expect(await entriesOf(folder)).toBeGreaterThan(6);

      const second = await createLmdbStore({ folder });
      let rounds = 0;
      // Each write stands behind the step of the sweep before it.
      while ((await entriesOf(folder)) > 6 && rounds++ < 100) await write(second, ...many(1, 'new'));
      // 3,000 entries, 128 a step.
      expect(rounds).toBeLessThanOrEqual(25);
      expect(await idsOf(second)).toEqual(['new-0', 'new-1', 'new-2']);
      await second.close();
    });
  });
});
