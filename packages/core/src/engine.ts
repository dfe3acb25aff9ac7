import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config/schema.ts';
import type { Embedded } from './embedder.ts';
import { createEmbedderLeases, type EmbedderLeases } from './embedder-leases.ts';
import type { ModelRepository } from './model/repository.ts';
import type { Sample } from './sample.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import type { WorkerEvent } from './worker/events.ts';
import { createWorkerPool, type WorkerPool } from './worker/pool.ts';
import type { WorkerSetup } from './worker/protocol.ts';

/**
 * Worker threads, what is loaded in them, and the queue before them: what is dear to make. A runtime that follows another
 * shares its engine where plugins, model folders and threads are the same.
 */
export interface Engine {
  readonly pool: WorkerPool;
  readonly embedders: EmbedderLeases;
  /** The same one for the same settings, so that there is one queue. */
  scheduler(batching: Config['batching']): Scheduler<Sample, Embedded>;
  /** The engine, held once more, where it is what `parts` would make; else undefined. */
  shareFor(parts: EngineParts): Engine | undefined;
  /** Whether nobody else holds it. */
  readonly last: boolean;
  /** The last holder's release ends the threads after what they are doing. */
  release(): Promise<void>;
}

export interface EngineParts {
  readonly size: number;
  readonly setup: WorkerSetup;
}

/** Batches in flight per worker: one running, one whose media are being decoded meanwhile. */
const batchesPerWorker = 2;

export function createEngine(
  parts: EngineParts,
  models: ModelRepository,
  onEvent: ((event: WorkerEvent) => void) | undefined,
): Engine {
  const pool = createWorkerPool(parts.size, parts.setup, { onEvent });
  let holders = 1;
  let queue: { readonly batching: Config['batching']; readonly scheduler: Scheduler<Sample, Embedded> } | undefined;
  const engine: Engine = {
    pool,
    embedders: createEmbedderLeases(pool, models),
    scheduler(batching) {
      if (!queue || !isDeepStrictEqual(queue.batching, batching)) {
        const slots = pool.size * batchesPerWorker;
        const run = (embedder: string, samples: readonly Sample[]) => pool.embed(embedder, samples);
        queue = { batching, scheduler: createScheduler<Sample, Embedded>({ ...batching, slots, run }) };
      }
      return queue.scheduler;
    },
    shareFor(others) {
      if (!isDeepStrictEqual(others, parts)) return undefined;
      holders++;
      return engine;
    },
    get last() {
      return holders === 1;
    },
    async release() {
      if (--holders === 0) await pool.close();
    },
  };
  return engine;
}
