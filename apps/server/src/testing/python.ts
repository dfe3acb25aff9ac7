import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from './server-process.ts';

const installLimitMs = 300_000;
const unreachable =
  /No matching distribution|Could not fetch|connection|resolution|timed out|Max retries|ENOENT|3\.10 or later/i;

/** The package for Python and its tests. */
export const pythonPackage = join(repositoryRoot, 'clients/python');

/**
 * Path of a Python with all that the package for Python, its tests and the examples need, but not the package itself: it
 * stands in `clients/python/src`. See `pythonWith`.
 */
export const examplesPython = (): string | undefined =>
  pythonWith(
    [join(pythonPackage, 'requirements-dev.txt')].concat(
      ['embedder', 'metric'].map((kind) => join(repositoryRoot, `examples/plugin-python-${kind}/requirements.txt`)),
    ),
  );

/**
 * Path of a Python in a virtual environment that holds exactly what requirements files name, kept in `AFFINIS_CACHE`
 * (default `~/.cache/affinis`) by their digest. Undefined, with a warning, where there is no Python 3.10 or no package
 * index: skip the test then. In CI that is a failure.
 */
function pythonWith(requirements: readonly string[]): string | undefined {
  try {
    return installed(requirements);
  } catch (thrown) {
    const { message, stderr = '' } = thrown as Error & { readonly stderr?: string | Buffer };
    const reason = `${message}\n${stderr}`;
    if (process.env.CI === 'true' || !unreachable.test(reason)) throw new Error(`no Python environment: ${reason}`);
    process.stderr.write(`SKIPPED: python3 or its package index cannot be reached: ${message}\n`);
    return undefined;
  }
}

function installed(requirements: readonly string[]): string {
  const python = (...args: string[]) => execFileSync('python3', args, { stdio: 'pipe', timeout: installLimitMs });
  python('-c', 'import sys; assert sys.version_info >= (3, 10), "Python 3.10 or later is needed"');
  const hash = createHash('sha256').update(python('--version'));
  for (const file of requirements) hash.update(readFileSync(file));
  const digest = hash.digest('hex');
  const cache = process.env.AFFINIS_CACHE ?? join(homedir(), '.cache/affinis');
  const home = join(cache, `python-${digest.slice(0, 16)}`);
  const executable = (folder: string) => join(folder, 'bin/python');
  if (existsSync(executable(home))) return executable(home);
  const unfinished = `${home}.${process.pid}`;
  try {
    mkdirSync(cache, { recursive: true });
    python('-m', 'venv', unfinished);
    execFileSync(
      executable(unfinished),
      ['-m', 'pip', 'install', '--quiet', ...requirements.flatMap((file) => ['-r', file])],
      {
        stdio: 'pipe',
        timeout: installLimitMs,
      },
    );
    // Whole or not there. Another run may have been first; its environment is the same.
    if (!existsSync(home)) renameSync(unfinished, home);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return executable(home);
}
