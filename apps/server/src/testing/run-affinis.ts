import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { affinisBin } from './server-process.ts';

export interface CommandOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command to its end, in an empty folder unless one is given. */
export async function runAffinis(
  args: readonly string[],
  { cwd, env }: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<CommandOutcome> {
  const folder = cwd ?? mkdtempSync(join(tmpdir(), 'affinis-cli-'));
  try {
    return await runCommand(process.execPath, [affinisBin, ...args], { cwd: folder, ...(env ? { env } : {}) });
  } finally {
    if (cwd === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a program to its end; killed after `timeoutMs`. `env` is added to this process's. */
export function runCommand(
  file: string,
  args: readonly string[],
  {
    cwd,
    env,
    timeoutMs = 25_000,
  }: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv; readonly timeoutMs?: number },
): Promise<CommandOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
