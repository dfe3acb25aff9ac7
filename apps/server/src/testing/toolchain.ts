import { execFileSync } from 'node:child_process';

const limitMs = 400_000;
const unreachable =
  /dial tcp|no such host|i\/o timeout|connection refused|proxyconnect|Could not transfer|Unknown host/i;

/**
 * Runs a build while a test file is loaded, with the tool's own caches. False, with a warning, where the tool is missing,
 * or its registry cannot be reached: skip the tests then. In CI the latter is a failure, as is a build that fails.
 */
export function built(tool: string, args: readonly string[], cwd: string): boolean {
  try {
    execFileSync(tool, args, { cwd, stdio: 'pipe', timeout: limitMs });
    return true;
  } catch (thrown) {
    const { message, code, stdout = '', stderr = '' } = thrown as BuildFailure;
    if (code === 'ENOENT') return skipped(`${tool} is not installed`);
    const output = `${message}\n${stdout}\n${stderr}`;
    if (process.env.CI !== 'true' && unreachable.test(output)) return skipped(`${tool} cannot reach its registry`);
    throw new Error(`${tool} ${args.join(' ')} failed in ${cwd}: ${output}`);
  }
}

type BuildFailure = Error & {
  readonly code?: string;
  readonly stdout?: string | Buffer;
  readonly stderr?: string | Buffer;
};

function skipped(reason: string): false {
  process.stderr.write(`SKIPPED: ${reason}\n`);
  return false;
}
