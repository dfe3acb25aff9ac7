import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examplesPython, pythonPackage } from '../testing/python.ts';
import { runCommand } from '../testing/run-affinis.ts';
import { repositoryRoot } from '../testing/server-process.ts';
import { useServer } from '../testing/use-server.ts';

const python = examplesPython();
const describeWithPython = python === undefined ? describe.skip : describe;
const timeoutMs = 240_000;
const examples = ['python', 'plugin-python-embedder', 'plugin-python-metric'].map((name) =>
  join(repositoryRoot, 'examples', name),
);

describeWithPython('clients/python', () => {
  const server = useServer();
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'affinis-python-'))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    runCommand(python ?? 'python3', args, {
      cwd: pythonPackage,
      env: { PYTHONDONTWRITEBYTECODE: '1', ...env },
      timeoutMs,
    });
  const passes = async (args: readonly string[], env?: NodeJS.ProcessEnv) =>
    expect(await run(args, env)).toMatchObject({ code: 0 });

  it(
    'passes its own tests, with the client asking this server',
    async () => {
      const tests = ['-m', 'pytest', '-q', '-p', 'no:cacheprovider'];
      const { code, stdout } = await run(tests, { AFFINIS_ADDRESS: server().address });
      expect([code, stdout]).toEqual([0, expect.stringMatching(/\d+ passed in/)]);
      expect(stdout).not.toMatch(/skipped/);
    },
    timeoutMs,
  );

  it(
    'is typed, linted and formatted, and so are its examples',
    async () => {
      await passes(['-m', 'ruff', 'check', '--no-cache', '.', ...examples]);
      await passes(['-m', 'ruff', 'format', '--no-cache', '--check', '.', ...examples]);
      const types = ['-m', 'mypy', '--cache-dir', join(folder, 'mypy')];
      await passes([...types, 'src', 'tests']);
      for (const example of examples) await passes([...types, example]);
    },
    timeoutMs,
  );

  it('has the stubs that its protos give', async () => {
    const made = join(folder, 'stubs');
    expect(await runCommand('sh', ['generate.sh', python ?? 'python3', made], { cwd: pythonPackage })).toMatchObject({
      code: 0,
    });
    for (const part of ['v1', 'plugin/v1'])
      expect(
        await runCommand('diff', ['-r', '-x', '__pycache__', join(made, 'affinis', part), `src/affinis/${part}`], {
          cwd: pythonPackage,
        }),
      ).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('is built to a wheel without a network, with its types', async () => {
    const install = ['-m', 'pip', 'install', '--quiet', '--no-index', '--no-deps', '--no-build-isolation'];
    const target = join(folder, 'installed');
    await passes([...install, '--target', target, pythonPackage]);
    const use = 'import affinis, pathlib; print(pathlib.Path(affinis.__file__).with_name("py.typed").exists())';
    const { stdout } = await runCommand(python ?? 'python3', ['-c', use], {
      cwd: folder,
      env: { PYTHONPATH: target },
    });
    expect(stdout).toBe('True\n');
  });
});
