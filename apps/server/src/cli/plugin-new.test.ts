import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAffinis, runCommand } from '../testing/run-affinis.ts';
import { text } from '../testing/samples.ts';
import { repositoryRoot } from '../testing/server-process.ts';
import { withServer } from '../testing/use-server.ts';

const limitMs = 240_000;
const folder = mkdtempSync(join(tmpdir(), 'affinis-new-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (dir: string, language: string, kind: string, ...more: string[]) =>
  runAffinis(['plugin', 'new', dir, '--language', language, '--kind', kind, ...more], { cwd: folder });

describe('affinis plugin new, outside the repository', () => {
  it.each(['metric', 'embedder'])(
    'writes a %s in TypeScript that is installed, tested, served and answers',
    async (kind) => {
      const name = `my-${kind}`;
      const written = await write(name, 'typescript', kind, '--json');
      expect(written).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(written.stdout)).toMatchObject({ name, kind, next: expect.arrayContaining(['npm test']) });
      const cwd = join(folder, name);
      const run = async (...args: string[]) => await runCommand('npm', args, { cwd, timeoutMs: limitMs });
      const installed = await run('install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund');
      if (
        installed.code !== 0 &&
        process.env.CI !== 'true' &&
        /ENOTFOUND|ECONNREFUSED|ETIMEDOUT/.test(installed.stderr)
      ) {
        process.stderr.write('SKIPPED: the npm registry cannot be reached\n');
        return;
      }
      expect(installed).toMatchObject({ code: 0 });
      const tested = await run('test');
      expect({ ...tested, failed: /^# fail (\d+)/m.exec(tested.stdout)?.[1] }).toMatchObject({ code: 0, failed: '0' });
      await withServer({ folder: cwd }, async ({ client }) => {
        const sides = { left: [text('Katherine Johnson')], right: [text('Catherine Jonson')] };
        const [answer] = await client.verify([sides], { pipeline: name });
        if (!answer?.ok) throw answer?.error;
        expect(answer.value).toMatchObject({ decision: 'match', pipeline: { pipeline: name } });
      });
    },
    limitMs,
  );

  it('refuses what it has no template for, a bad name, and a folder that is in use', async () => {
    writeFileSync(join(folder, 'taken'), '');
    expect(await write('x', 'rust', 'metric')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there are: typescript (metric, embedder)'),
    });
    expect(await write('Bad_Name', 'typescript', 'metric')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--name'),
    });
    expect(await write('.', 'typescript', 'metric', '--name', 'fine')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('not empty'),
    });
    expect(readdirSync(folder)).toEqual(expect.not.arrayContaining(['x', 'Bad_Name', 'package.json']));
  });
});

describe('affinis plugin new, inside the repository', () => {
  it('takes the packages of the workspace', async () => {
    mkdirSync(join(repositoryRoot, 'tmp'), { recursive: true });
    const inside = mkdtempSync(join(repositoryRoot, 'tmp/plugin-new-'));
    try {
      expect(await write(inside, 'typescript', 'metric', '--name', 'inside')).toMatchObject({ code: 0 });
      expect(existsSync(join(inside, 'vendor'))).toBe(false);
      expect(readFileSync(join(inside, 'package.json'), 'utf8')).not.toContain('file:');
      expect(await runCommand('npm', ['test'], { cwd: inside, timeoutMs: limitMs })).toMatchObject({ code: 0 });
    } finally {
      rmSync(inside, { recursive: true, force: true });
    }
  }, 60_000);
});
