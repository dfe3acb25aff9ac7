import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anglesConfig, direction } from '../testing/angles.ts';
import { unwrapAll } from '../testing/results.ts';
import { failedStart, withServer } from '../testing/use-server.ts';

/** Root ignores permission bits, so disks are made full or read-only: mounts that only the server sees. */
const canMount = mountsAllowed();
if (!canMount) process.stderr.write('SKIPPED: galleries on a full and a read-only disk; unshare -m is not permitted\n');
const whereMounts = canMount ? it : it.skip;

const folder = mkdtempSync(join(tmpdir(), 'affinis-gallery-disk-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Becomes a server that sees what `script` has mounted at `$0`. */
const mounted = (disk: string, script: string) => ['unshare', '-m', 'sh', '-c', `${script} && exec "$@"`, disk];
const diskAt = (name: string) => {
  const disk = join(folder, name);
  mkdirSync(disk);
  return { disk, config: anglesConfig(`galleries: { path: ${JSON.stringify(disk)} }\n`) };
};
const items = (start: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    templateId: `t${start + index}`,
    samples: [direction(((start + index) * 360) / 100_000)],
    metadata: { more: 'x'.repeat(250) },
  }));

whereMounts(
  'a full disk refuses what does not fit, keeps and finds what was acknowledged, and takes more once there is room',
  async () => {
    const { disk, config } = diskAt('full');
    const script = 'mount -t tmpfs -o size=4m tmpfs "$0" && head -c 1000000 /dev/zero > "$0/filler"';
    await withServer({ config, within: mounted(disk, script) }, async ({ client, pid }) => {
      await client.createGallery('staff', 'cosine');
      let kept = 0;
      const enrol = async () => {
        const results = await client.enroll('staff', items(kept, 100));
        kept += results.filter(({ ok }) => ok).length;
        return results.filter(({ ok }) => !ok);
      };
      let failed = await enrol();
      while (failed.length === 0 && kept < 100_000) failed = await enrol();
      expect(kept).toBeGreaterThan(100);
      for (const each of failed)
        expect(each).toMatchObject({ error: { code: 'resource-exhausted', reason: 'DISK_FULL' } });

      const isWhole = async () => {
        const [gallery] = await client.listGalleries();
        expect(gallery?.templates).toBe(kept);
        const last = direction(((kept - 1) * 360) / 100_000);
        const [found] = unwrapAll(await client.identify('staff', [[last]], { k: 1 }));
        expect(found?.candidates[0]?.score).toBeCloseTo(1, 6);
      };
      await isWhole();
      execFileSync('nsenter', ['-t', `${pid}`, '-m', 'rm', join(disk, 'filler')]);
      expect(await enrol()).toEqual([]);
      await isWhole();
    });
  },
  60_000,
);

whereMounts(
  'a server on a read-only disk does not start and says why, and nothing is lost',
  async () => {
    const { disk, config } = diskAt('read-only');
    await withServer({ config }, async ({ client }) => {
      await client.createGallery('staff', 'cosine');
      unwrapAll(await client.enroll('staff', items(0, 10)));
    });
    const readOnly = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"';
    const output = await failedStart({ config, within: mounted(disk, readOnly) });
    expect(output).toContain('the store cannot be written; mount it writable');
    await withServer({ config }, async ({ client }) => {
      expect(await client.listGalleries()).toMatchObject([{ name: 'staff', templates: 10 }]);
    });
  },
  60_000,
);

function mountsAllowed(): boolean {
  try {
    execFileSync('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
