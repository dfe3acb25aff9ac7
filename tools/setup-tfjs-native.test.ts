import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('./setup-tfjs-native.mjs', import.meta.url));

describe('setup-tfjs-native', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'affinis-setup-'));
    mkdirSync(join(folder, 'bin'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (tools: readonly string[]) => {
    for (const tool of tools) symlinkSync('/bin/true', join(folder, 'bin', tool));
    const env = { PATH: join(folder, 'bin'), AFFINIS_CACHE: join(folder, 'cache') };
    return spawnSync(process.execPath, [script], { env, encoding: 'utf8' });
  };

  it.each([
    [[], '"g++ --version" fails; install it'],
    [['g++'], '"strip --version" fails; install it'],
    [['g++', 'strip'], '"python3 -m pip --version" fails; install it'],
    [['g++', 'strip', 'python3'], 'npm failed (ENOENT); see its message above'],
  ])('says what is missing where there is %j alone, and leaves nothing behind', (tools, problem) => {
    const { status, stderr } = run(tools);
    expect(status).toBe(1);
    expect(stderr).toContain(`[setup-tfjs-native] ${problem}`);
    expect(readdirSync(folder).includes('cache') ? readdirSync(join(folder, 'cache')) : []).toEqual([]);
  });
});
