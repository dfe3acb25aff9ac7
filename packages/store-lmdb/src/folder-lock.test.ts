import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createLmdbStore } from './lmdb-store.ts';
import { withFolder } from './testing/folders.ts';
import { storeCommand, withProcess } from './testing/processes.ts';
import { createGallery, idsOf, put, write } from './testing/templates.ts';

const locked = (folder: string) => ({
  code: 'failed-precondition',
  reason: 'STORE_LOCKED',
  message: expect.stringContaining(folder),
});

const canNumber = numbersAllowed();
if (!canNumber) process.stderr.write('SKIPPED: processes of one number; unshare -p is not permitted here\n');
const whereNamespaces = canNumber ? it : it.skip;

describe('the lock of a folder', () => {
  it('refuses a second store in the same process, and is free again after close', async () => {
    await withFolder(async (folder) => {
      const first = await createLmdbStore({ folder });
      for (let time = 0; time < 3; time++)
        await expect(createLmdbStore({ folder })).rejects.toMatchObject(locked(folder));
      await write(first, createGallery);
      // Neither these refusals nor a reader here loosen it for another process: locks of files go when a process closes one.
      const reader = await createLmdbStore({ folder, readOnly: true });
      await reader.close();
      await withProcess(storeCommand(folder, 'hold'), async (other) => {
        expect(await other.next()).toMatchObject({ reason: 'STORE_LOCKED' });
      });
      await first.close();
      const second = await createLmdbStore({ folder });
      expect(await second.galleries()).toHaveLength(1);
      await second.close();
    });
  });

  it('refuses a store that another process has, and is free the moment that process is killed', async () => {
    await withFolder(async (folder) => {
      for (let round = 0; round < 3; round++)
        await withProcess(storeCommand(folder, 'hold'), async (holder) => {
          expect(await holder.next()).toEqual({ ready: true });
          await expect(createLmdbStore({ folder })).rejects.toMatchObject(locked(folder));
          // A refusal must not loosen the lock for the next one.
          await withProcess(storeCommand(folder, 'hold'), async (other) => {
            expect(await other.next()).toMatchObject({ reason: 'STORE_LOCKED' });
          });
          await holder.kill();
          const store = await createLmdbStore({ folder });
          await store.close();
        });
    });
  });

  it('lets one of many that come at once in', async () => {
    const arrive = barrier(4);
    await withFolder(async (folder) => {
      const opened = await Promise.all(
        Array.from({ length: 4 }, () =>
          withProcess(storeCommand(folder, 'hold'), async (process) => {
            const said = await process.next();
            // All wait for the others, so that none frees the lock for the next.
            await arrive();
            return said;
          }),
        ),
      );
      expect(opened.filter((said) => said?.ready)).toHaveLength(1);
      expect(opened.filter((said) => said?.reason === 'STORE_LOCKED')).toHaveLength(3);
    });
  });

  whereNamespaces('tells processes of one number apart, as those of two containers are', async () => {
    const asFirstProcess = ['unshare', '-pf', '--mount-proc', '--kill-child'];
    await withFolder(async (folder) => {
      const command = [...asFirstProcess, ...storeCommand(folder, 'hold')];
      for (let round = 0; round < 2; round++)
        await withProcess(command, async (holder) => {
          expect(await holder.next()).toEqual({ ready: true });
          await withProcess(command, async (other) => {
            expect(await other.next()).toMatchObject({ reason: 'STORE_LOCKED' });
          });
        });
    });
  });

  it('is not taken by who only reads, while another writes', async () => {
    await withFolder(async (folder) => {
      const writer = await createLmdbStore({ folder });
      await write(writer, createGallery, put('a'));
      const reader = await createLmdbStore({ folder, readOnly: true });
      expect(await idsOf(reader)).toEqual(['a']);
      await write(writer, put('b'));
      expect(await idsOf(reader)).toEqual(['a', 'b']);
      const [refused] = await Promise.allSettled([reader.write([put('c')])]);
      expect(refused).toMatchObject({ reason: { code: 'failed-precondition' } });
      await reader.close();
      await write(writer, put('c'));
      await writer.close();
    });
  });

  it('is not needed to read a store that a killed process left; reading makes no store', async () => {
    await withFolder(async (folder) => {
      await expect(createLmdbStore({ folder, readOnly: true })).rejects.toMatchObject({ code: 'failed-precondition' });
      await withProcess(storeCommand(folder, 'write'), async (writer) => {
        expect(await writer.next()).toEqual({ ready: true });
        const beside = await createLmdbStore({ folder, readOnly: true });
        expect(await beside.galleries()).toHaveLength(1);
        await beside.close();
        await writer.kill();
        const after = await createLmdbStore({ folder, readOnly: true });
        expect(await after.galleries()).toHaveLength(1);
        await after.close();
      });
      expect(readdirSync(folder).filter((file) => file.endsWith('.mdb'))).toEqual(['lock.mdb', 'templates-1.mdb']);
    });
  });
});

/** Everybody waits until as many have come. */
function barrier(count: number): () => Promise<void> {
  let open = () => {};
  const all = new Promise<void>((resolve) => {
    open = resolve;
  });
  let here = 0;
  return () => {
    if (++here === count) open();
    return all;
  };
}

function numbersAllowed(): boolean {
  try {
    execFileSync('unshare', ['-pf', '--mount-proc', '--kill-child', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
