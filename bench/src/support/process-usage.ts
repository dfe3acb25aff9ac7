import { readFileSync } from 'node:fs';

/** The kernel counts in ticks of a hundredth of a second (USER_HZ) on every Linux that Node supports. */
const msPerTick = 10;

/** User and system time that all threads of a process have used, in ms. Linux only; a resolution of 10 ms. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name stands in parentheses and may hold anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * msPerTick;
}

/** Memory of a process that lies in RAM, in MB of 2^20 bytes: now, and the most there has been. */
export function residentMb(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (field: string) => Number(status.match(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm'))?.[1] ?? Number.NaN);
  return { now: read('VmRSS') / 1024, peak: read('VmHWM') / 1024 };
}
