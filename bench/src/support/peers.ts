import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endProcess, endWithThisProcess } from './child-process.ts';

const folder = fileURLToPath(new URL('../../peers/', import.meta.url));

/** A Python script of `bench/peers`, in an environment of its own, that answers a line with the milliseconds it took. */
export interface PeerProcess {
  /** What it said first. */
  readonly greeting: string;
  /** Milliseconds of one pass. */
  run(name: string): Promise<number>;
  stop(): Promise<void>;
}

/** Installs the peers' packages the first time, which takes minutes and 5.7 GB. */
export async function startPeers(script: string, args: readonly string[], threads: number): Promise<PeerProcess> {
  const env = { ...process.env, OMP_NUM_THREADS: `${threads}`, MKL_NUM_THREADS: `${threads}` };
  const child = spawn(`${folder}python.sh`, [`${folder}${script}`, ...args], {
    env: { ...env, OPENBLAS_NUM_THREADS: `${threads}` },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  endWithThisProcess(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done) throw new Error(`${script} ended before it answered`);
    return line.value;
  };
  const greeting = await next();
  return {
    greeting,
    async run(name) {
      if (!child.stdin.write(`${name}\n`)) await once(child.stdin, 'drain');
      return Number(await next());
    },
    stop: () => endProcess(child),
  };
}
