import { cpus, loadavg } from 'node:os';

/** Where and beside how much other work figures were taken. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly node: string;
  /** Load averages over 1, 5 and 15 minutes, before the benchmark began. */
  readonly load: readonly number[];
}

export function describeMachine(): Machine {
  const cores = cpus();
  return {
    cores: cores.length,
    cpu: cores[0]?.model ?? 'unknown',
    node: process.version,
    load: loadavg().map(rounded),
  };
}

const rounded = (value: number) => Math.round(value * 100) / 100;
