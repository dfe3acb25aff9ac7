import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writePageFiles } from '@affinis/conformance';
import sharp from 'sharp';

// The code of docs/backends.md, as it stands there: its suite, its compilation, and its model behind the built command.

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
// Inside the repository, so that its imports are found as a user's are beside `node_modules`; `tmp` is ignored by git.
mkdirSync(join(root, 'tmp'), { recursive: true });
const folder = mkdtempSync(join(root, 'tmp/backends-page-'));
writePageFiles(join(root, 'docs/backends.md'), folder);
createRequire(import.meta.url)(join(folder, 'linear-backend.test.ts'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('docs/backends.md', () => {
  const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  const affinis = (...args: string[]) => node(join(root, 'apps/server/bin/affinis.mjs'), ...args);

  it('compiles, and its model answers through the command', async () => {
    node(join(root, 'node_modules/typescript/bin/tsc'));
    expect(affinis('models', 'verify', 'mean-colour')).toContain('ok      mean-colour@1');
    const photo = join(root, 'samples/faces/obama-1.jpg');
    const { mean } = JSON.parse(affinis('embed', '--embedder', 'colour', '--json', photo)) as { mean: number[] };
    const { channels } = await sharp(photo).stats();
    const [red = 0, green = 0, blue = 0] = channels.map((channel) => channel.mean);
    const expected = [
      0.299 * red + 0.587 * green + 0.114 * blue,
      -0.1687 * red - 0.3313 * green + 0.5 * blue,
      0.5 * red - 0.4187 * green - 0.0813 * blue,
    ];
    for (const [at, value] of expected.entries()) expect(Math.abs((mean[at] ?? Number.NaN) - value)).toBeLessThan(5);
  }, 90_000);
});
