import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The built server in a process of its own, on a free port of loopback. */
export interface ServerProcess {
  readonly address: string;
  /** Address of the admin port; empty where there is none. */
  readonly admin: string;
  readonly pid: number;
  /** The log so far, one parsed JSON object a line. */
  readonly log: readonly Record<string, unknown>[];
  /** The first log line from the `from`-th on whose message is `msg`, when it is there. */
  logged(msg: string, from?: number): Promise<Record<string, unknown>>;
  /** Everything it wrote to standard error. */
  stderr(): string;
  /** Sends the signal and resolves with the exit code, or null where a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface ServerProcessOptions {
  /** Text of an affinis.yaml; its folder is a temporary one, unless `folder` is given. */
  readonly config?: string;
  readonly folder?: string;
  readonly args?: readonly string[];
  /** A program and its arguments that becomes the server, whose command is appended: it may change what disks there are. */
  readonly within?: readonly string[];
  readonly startTimeoutMs?: number;
}

export const repositoryRoot = fileURLToPath(new URL('../../../../', import.meta.url));
export const affinisBin = join(repositoryRoot, 'apps/server/bin/affinis.mjs');

/** Resolves when the server says that it is ready; rejects with its output where it ends before. */
export async function startServerProcess({
  config,
  folder,
  args = [],
  within = [],
  startTimeoutMs = 20_000,
}: ServerProcessOptions = {}): Promise<ServerProcess> {
  const cwd = folder ?? mkdtempSync(join(tmpdir(), 'affinis-test-'));
  if (config !== undefined) writeFileSync(join(cwd, 'affinis.yaml'), config);
  const command = [...within, process.execPath, affinisBin, 'serve', '--port', '0', ...args];
  const child = spawn(command[0] as string, command.slice(1), {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithThisProcess(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      if (folder === undefined && existsSync(cwd)) rmSync(cwd, { recursive: true, force: true });
      resolve(code);
    });
  });
  const log: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  const onLine = (entry: Record<string, unknown>) => {
    log.push(entry);
    for (const wake of waiting) wake();
  };
  const { address, admin = '' } = await ready(child, onLine, exited, startTimeoutMs, () => stderr);
  return {
    address: String(address),
    admin: String(admin),
    logged: (msg, from = 0) =>
      new Promise((resolve) => {
        const look = () => {
          const found = log.slice(from).find((entry) => entry.msg === msg);
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    pid: child.pid ?? -1,
    log,
    stderr: () => stderr,
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}

function ready(
  child: ChildProcess,
  onLine: (entry: Record<string, unknown>) => void,
  exited: Promise<number | null>,
  timeoutMs: number,
  stderr: () => string,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the server was not ready within ${timeoutMs} ms: ${stderr()}`));
    }, timeoutMs);
    void exited.then((code) => {
      clearTimeout(timer);
      reject(new Error(`the server ended with code ${code} before it was ready: ${stderr()}`));
    });
    let rest = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const entry = JSON.parse(line) as Record<string, unknown>;
        onLine(entry);
        if (entry.msg !== 'ready') continue;
        clearTimeout(timer);
        resolve(entry);
      }
    });
  });
}

/** No server outlives the test run, not even one whose test failed. */
function endWithThisProcess(child: ChildProcess): void {
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}
