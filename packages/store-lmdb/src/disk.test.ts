import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { withFolder } from './testing/folders.ts';
import { type StoreProcess, storeProcess, withProcess } from './testing/processes.ts';

/** Root ignores permission bits, so a disk is made full or read-only: a small tmpfs that only one process tree sees. */
const canMount = mountsAllowed();
if (!canMount) process.stderr.write('SKIPPED: disk full and read-only; unshare -m is not permitted here\n');
const whereMounts = canMount ? it : it.skip;

/** Runs a shell script with `$DISK`, the tmpfs, and `$STORE`, the command of `store-process`. */
async function onSmallDisk(script: string, work: (process: StoreProcess) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    mkdirSync(folder);
    const environment = `DISK=${folder}; STORE="${process.execPath} ${storeProcess}"; set -e`;
    const mount = `mount -t tmpfs -o size=4m tmpfs $DISK`;
    await withProcess(['unshare', '-m', 'sh', '-c', `${environment}; ${mount}; ${script}`], work);
  });
}

describe('a disk', () => {
  whereMounts(
    'that is full fails what does not fit, keeps what was acknowledged, and goes on when there is room',
    async () => {
      const script =
        'head -c 500000 /dev/zero > $DISK/filler; $STORE $DISK/store fill $DISK/filler; $STORE $DISK/store read';
      await onSmallDisk(script, async (child) => {
        expect(await child.next()).toEqual({ ready: true });
        const { acknowledged, ...failed } = (await child.next()) ?? {};
        expect(failed).toEqual({ code: 'resource-exhausted', reason: 'DISK_FULL' });
        expect(acknowledged).toBeGreaterThan(100);
        const kept = { templates: acknowledged, rows: acknowledged };
        expect(await child.next()).toEqual(kept);
        const later = { templates: Number(acknowledged) + 5, rows: Number(acknowledged) + 5 };
        expect(await child.next()).toEqual(later);
        expect(await child.next()).toEqual({ ready: true });
        expect(await child.next()).toEqual(later);
      });
    },
  );

  whereMounts('that is full refuses a new store, and a compaction leaves the old one', async () => {
    const script = [
      '$STORE $DISK/store fill $DISK/nothing || true',
      'head -c 100000000 /dev/zero > $DISK/filler 2>/dev/null || true',
      '$STORE $DISK/other hold',
      '$STORE $DISK/store crash:none || true',
      'rm $DISK/filler',
      '$STORE $DISK/store read',
    ].join('; ');
    await onSmallDisk(script, async (child) => {
      expect(await child.next()).toEqual({ ready: true });
      const { acknowledged } = (await child.next()) ?? {};
      expect(await child.next()).toEqual({ templates: acknowledged, rows: acknowledged });
      // It has no filler to remove.
      expect(await child.next()).toMatchObject({ code: 'ENOENT' });
      expect(await child.next()).toMatchObject({ code: 'resource-exhausted', reason: 'DISK_FULL' });
      expect(await child.next()).toMatchObject({ code: 'resource-exhausted', reason: 'DISK_FULL' });
      expect(await child.next()).toEqual({ ready: true });
      expect(await child.next()).toEqual({ templates: acknowledged, rows: acknowledged });
    });
  });

  whereMounts('that is read-only refuses a writer and serves a reader', async () => {
    const script = [
      'mkdir $DISK/store',
      'head -c 500000 /dev/zero > $DISK/filler',
      '$STORE $DISK/store fill $DISK/filler',
      'mount -o remount,ro $DISK',
      '$STORE $DISK/store hold',
      '$STORE $DISK/store read',
      '$STORE $DISK/none hold',
    ].join('; ');
    await onSmallDisk(script, async (child) => {
      for (let line = 0; line < 3; line++) await child.next();
      const all = await child.next();
      expect(await child.next()).toMatchObject({ code: 'failed-precondition', reason: 'STORE_READ_ONLY' });
      expect(await child.next()).toEqual({ ready: true });
      expect(await child.next()).toEqual(all);
      expect(await child.next()).toMatchObject({ code: 'failed-precondition', reason: 'STORE_READ_ONLY' });
    });
  });
});

function mountsAllowed(): boolean {
  try {
    execFileSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
