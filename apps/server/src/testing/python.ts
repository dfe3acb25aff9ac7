import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const installLimitMs = 300_000;
const unreachable = /No matching distribution|Could not fetch|connection|resolution|timed out|Max retries|ENOENT/i;

/**
 * Path of a Python in a virtual environment that holds exactly a requirements file, kept in `AFFINIS_CACHE` (default
 * `~/.cache/affinis`) by its digest. Undefined, with a warning, where there is no Python or no package index: skip the
 * test then. In CI that is a failure.
 */
export function pythonWith(requirements: string): string | undefined {
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

function installed(requirements: string): string {
  const python = (...args: string[]) => execFileSync('python3', args, { stdio: 'pipe', timeout: installLimitMs });
  const digest = createHash('sha256').update(python('--version')).update(readFileSync(requirements)).digest('hex');
  const cache = process.env.AFFINIS_CACHE ?? join(homedir(), '.cache/affinis');
  const home = join(cache, `python-${digest.slice(0, 16)}`);
  const executable = (folder: string) => join(folder, 'bin/python');
  if (existsSync(executable(home))) return executable(home);
  const unfinished = `${home}.${process.pid}`;
  try {
    mkdirSync(cache, { recursive: true });
    python('-m', 'venv', unfinished);
    execFileSync(executable(unfinished), ['-m', 'pip', 'install', '--quiet', '-r', requirements], {
      stdio: 'pipe',
      timeout: installLimitMs,
    });
    // Whole or not there. Another run may have been first; its environment is the same.
    if (!existsSync(home)) renameSync(unfinished, home);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return executable(home);
}
