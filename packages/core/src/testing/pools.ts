import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import type { Sample } from '../sample.ts';
import type { WorkerEvent } from '../worker/events.ts';
import { createWorkerPool, type WorkerPool } from '../worker/pool.ts';

// The threads run the build: `npm test` builds first.
const here = import.meta.dirname ?? __dirname;
const plugin = pathToFileURL(join(here, 'toy-plugin.mjs')).href;
export const spec = (name = 'toy', load = 'fine') => ({ name, source: { type: 'toy' }, options: { load } });

/** A pool whose events can be waited for. */
function startPool(size = 1, { plugins = [plugin], restartDelayMs = (_: number): number => 0 } = {}) {
  const events: WorkerEvent[] = [];
  const waiting = new Set<() => void>();
  const onEvent = (event: WorkerEvent) => {
    events.push(event);
    for (const wake of waiting) wake();
  };
  const pool = createWorkerPool(size, { plugins, modelRoots: [], threads: 1 }, { onEvent, restartDelayMs });
  const seen = async (kind: WorkerEvent['kind'], times = 1): Promise<WorkerEvent[]> => {
    const found = () => events.filter((event) => event.kind === kind);
    while (found().length < times)
      await new Promise<void>((resolve) => {
        waiting.add(resolve);
      });
    return found();
  };
  return { pool, events, seen };
}

const pools: WorkerPool[] = [];
export const started = (...parameters: Parameters<typeof startPool>) => {
  const given = startPool(...parameters);
  pools.push(given.pool);
  return given;
};
export async function closeAll(): Promise<void> {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
}

export const embed = async (pool: WorkerPool, ...samples: Sample[]) => {
  const results = await pool.embed('toy', samples);
  return results.map((result) => (result.ok ? result.value : result.error));
};
export const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => new Error('was fulfilled'),
    (error: unknown) => error,
  );

/** Holds the toy's `gate` samples until it is opened. */
export function gatekeeper(count: number) {
  const channel = new BroadcastChannel('affinis-toy-gate');
  let arrived = 0;
  const waiting = new Promise<void>((resolve) => {
    channel.onmessage = () => {
      arrived++;
      if (arrived === count) resolve();
    };
  });
  return {
    waiting,
    open() {
      channel.postMessage('open');
      channel.close();
    },
  };
}
