import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endWithThisProcess } from './child-process.ts';

const affinis = fileURLToPath(new URL('../../../apps/server/bin/affinis.mjs', import.meta.url));

/** An `affinis` command that may be killed at any moment. */
export interface AffinisProcess {
  readonly pid: number;
  /** Address of a server that is ready; undefined where it ended before. */
  readonly ready: Promise<string | undefined>;
  /** How it ended, and what it wrote to standard error. */
  readonly ended: Promise<AffinisEnd>;
  /** `kill -9`, now. */
  kill(): Promise<AffinisEnd>;
}

export interface AffinisEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly complaint: string;
}

export function startAffinis(folder: string, args: readonly string[]): AffinisProcess {
  const child = spawn(process.execPath, [affinis, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  endWithThisProcess(child);
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const ended = once(child, 'exit').then(
    ([code, signal]): AffinisEnd => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      complaint,
    }),
  );
  return {
    pid: child.pid ?? -1,
    ready: readyAddress(child),
    ended,
    kill() {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

function readyAddress({ stdout }: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (!stdout) return resolve(undefined);
    const lines = createInterface({ input: stdout });
    lines.on('line', (line) => {
      if (!line.startsWith('{')) return;
      const { msg, address } = JSON.parse(line) as { readonly msg?: string; readonly address?: string };
      if (msg === 'ready') resolve(address);
    });
    lines.once('close', () => resolve(undefined));
  });
}
