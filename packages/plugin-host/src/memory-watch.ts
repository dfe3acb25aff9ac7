import { readFile } from 'node:fs/promises';

/** Looks at a process's memory while it runs. */
export interface MemoryWatch {
  stop(): void;
}

const intervalMs = 250;

/** Tells once when the resident memory of `pid` is over `limitBytes`. Where there is no /proc it tells nothing. */
export function watchMemory(
  pid: number | undefined,
  limitBytes: number,
  onOver: (usedBytes: number) => void,
): MemoryWatch {
  let stopped = pid === undefined;
  const timer = setInterval(async () => {
    const used = stopped ? 0 : await residentBytes(pid as number);
    if (stopped || used <= limitBytes) return;
    stop();
    onOver(used);
  }, intervalMs).unref();
  const stop = () => {
    stopped = true;
    clearInterval(timer);
  };
  return { stop };
}

/** 0 where it cannot be known. */
async function residentBytes(pid: number): Promise<number> {
  try {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kibibytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
