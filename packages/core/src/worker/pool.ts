import type { Degradation } from '../degradation.ts';
import type { Embedded, EmbedderDescription, EmbedOptions } from '../embedder.ts';
import { AffinisError } from '../errors.ts';
import { failure, type Result } from '../result.ts';
import type { Sample } from '../sample.ts';
import { restartDelayMs } from './backoff.ts';
import type { WorkerEvent } from './events.ts';
import { ownBuffers } from './own-buffers.ts';
import type { EmbedderSpec, NearestRows, WireResult, WorkerSetup, WorkerTask } from './protocol.ts';
import { createWorkerSlot, type WorkerSlot } from './slot.ts';
import type { WorkerThread } from './thread.ts';

/** Long-lived threads that decode, infer and scan, so that the event loop never does. */
export interface WorkerPool {
  readonly size: number;
  /** Builds an embedder in every worker, one after another; rejects with what kept the first from building it. */
  load(spec: EmbedderSpec): Promise<EmbedderDescription>;
  /** Gives an embedder up in every worker, after what is in hand for it. One that is not there is no error. */
  unload(embedder: string): Promise<void>;
  /**
   * One result per sample. Payloads are copied to the worker. Rejects with `unavailable` where the worker ends before
   * it has answered, or where none holds the embedder at the moment.
   */
  embed(embedder: string, samples: readonly Sample[], options?: EmbedOptions): Promise<readonly Result<Embedded>[]>;
  /** Canonical forms, degraded where a degradation stands beside the sample. */
  transform(
    embedder: string,
    samples: readonly Sample[],
    degradations?: readonly (Degradation | undefined)[],
  ): Promise<readonly Result<Sample>[]>;
  score(task: Extract<WorkerTask, { kind: 'score' }>): Promise<Float64Array>;
  nearest(task: Extract<WorkerTask, { kind: 'nearest' }>): Promise<NearestRows>;
  /** Lets running tasks finish, then ends the threads. */
  close(): Promise<void>;
}

export interface WorkerPoolOptions {
  /** Told of every thread that ends and comes back, for logs and metrics. Must not throw. */
  readonly onEvent?: ((event: WorkerEvent) => void) | undefined;
  /** Delay before the n-th restart in a row; default: 250 ms, doubling, 30 s at most. */
  readonly restartDelayMs?: (failures: number) => number;
}

export function createWorkerPool(size: number, setup: WorkerSetup, options: WorkerPoolOptions = {}): WorkerPool {
  const specs = new Map<string, EmbedderSpec>();
  const shared = {
    setup,
    specs,
    oneAtATime: createMutex(),
    restartDelayMs: options.restartDelayMs ?? restartDelayMs,
    onEvent: options.onEvent ?? (() => undefined),
  };
  const slots = Array.from({ length: size }, (_, index) => createWorkerSlot({ index, ...shared }));
  let closed: Promise<unknown> | undefined;

  /** The least busy of the threads that `pick` takes. */
  const idlest = (pick: (slot: WorkerSlot) => WorkerThread | undefined): WorkerThread => {
    if (closed !== undefined) throw unavailable('the server is stopping; call another one', 'STOPPING');
    const [first, ...others] = slots.flatMap((slot) => pick(slot) ?? []);
    if (!first) throw unavailable('the worker threads are being restarted; retry', 'WORKERS_RESTARTING', 1000);
    return others.reduce((best, thread) => (thread.busy < best.busy ? thread : best), first);
  };

  const unload = async (embedder: string): Promise<void> => {
    specs.delete(embedder);
    await Promise.all(slots.map((slot) => slot.unload(embedder)));
  };

  return {
    size,
    async load(spec) {
      // Known from the start, so that a thread that restarts meanwhile builds it as well.
      specs.set(spec.name, spec);
      try {
        const descriptions: EmbedderDescription[] = [];
        for (const slot of slots) descriptions.push(await slot.load(spec));
        return descriptions[0] as EmbedderDescription;
      } catch (thrown) {
        await unload(spec.name);
        throw thrown;
      }
    },
    unload,
    async embed(embedder, samples, options) {
      const thread = idlest((slot) => slot.holding(embedder));
      const owned = ownBuffers(samples);
      const results = await thread.post(
        { kind: 'embed', embedder, samples: owned.samples, ...(options ? { options } : {}) },
        owned.transfer,
      );
      return results.map(fromWire);
    },
    async transform(embedder, samples, degradations) {
      const thread = idlest((slot) => slot.holding(embedder));
      const owned = ownBuffers(samples);
      const task = {
        kind: 'transform',
        embedder,
        samples: owned.samples,
        ...(degradations ? { degradations } : {}),
      } as const;
      const results = await thread.post(task, owned.transfer);
      return results.map(fromWire);
    },
    score: async (task) => idlest((slot) => slot.thread).post(task),
    nearest: async (task) => idlest((slot) => slot.thread).post(task),
    async close() {
      closed ??= Promise.all(slots.map((slot) => slot.close()));
      await closed;
    },
  };
}

const fromWire = <T>(result: WireResult<T>): Result<T> =>
  result.ok ? result : failure(AffinisError.fromWire(result.error));

/** Runs what it is given one after another. */
function createMutex(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
}

const unavailable = (problem: string, reason: string, retryAfterMs?: number) =>
  new AffinisError('unavailable', `[core] ${problem}`, {
    reason,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
