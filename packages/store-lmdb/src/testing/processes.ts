import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The built `store-process.ts`. */
export const storeProcess = fileURLToPath(new URL('../../dist/testing/store-process.js', import.meta.url));

export interface StoreProcess {
  readonly child: ChildProcess;
  /** The next line it says, parsed; undefined at its end. */
  next(): Promise<Record<string, unknown> | undefined>;
  kill(): Promise<void>;
}

/** Runs `work` beside a process, which is killed at the end whatever happens. */
export async function withProcess<T>(
  command: readonly string[],
  work: (process: StoreProcess) => Promise<T>,
): Promise<T> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  try {
    return await work({
      child,
      kill,
      async next() {
        const { value, done } = await lines.next();
        return done ? undefined : (JSON.parse(value) as Record<string, unknown>);
      },
    });
  } finally {
    await kill();
  }
}

export const storeCommand = (folder: string, action: string): string[] => [
  process.execPath,
  storeProcess,
  folder,
  action,
];
