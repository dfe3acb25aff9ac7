import type { EmbedderDescription } from '../embedder.ts';
import { AffinisError } from '../errors.ts';
import { healthyAfterMs } from './backoff.ts';
import type { WorkerEvent } from './events.ts';
import type { EmbedderSpec, WorkerSetup } from './protocol.ts';
import { startThread, type WorkerThread } from './thread.ts';

/** A place in the pool: one thread at a time, started again with every embedder when it ends. */
export interface WorkerSlot {
  /** The thread, unless it has ended and the next has not started. */
  readonly thread: WorkerThread | undefined;
  /** The thread, where it holds the embedder. */
  holding(embedder: string): WorkerThread | undefined;
  /** Builds an embedder in this slot's thread; waits for a restart that is due, and rejects where the thread ends. */
  load(spec: EmbedderSpec): Promise<EmbedderDescription>;
  /** Gives an embedder up; a thread that ends meanwhile has none any more. */
  unload(embedder: string): Promise<void>;
  close(): Promise<void>;
}

export interface WorkerSlotOptions {
  readonly index: number;
  readonly setup: WorkerSetup;
  /** Embedders that a restarted thread builds; the pool adds to it. */
  readonly specs: ReadonlyMap<string, EmbedderSpec>;
  /** Runs one load at a time over all slots: native libraries are not built to be loaded by two threads at once. */
  oneAtATime<T>(work: () => Promise<T>): Promise<T>;
  restartDelayMs(failures: number): number;
  onEvent(event: WorkerEvent): void;
}

interface Life {
  readonly thread: WorkerThread;
  readonly loaded: Map<string, EmbedderDescription>;
  /** When its embedders are there again; rejects where it ends before. */
  readonly ready: Promise<void>;
}

export function createWorkerSlot(options: WorkerSlotOptions): WorkerSlot {
  const { index, setup, specs, oneAtATime, restartDelayMs, onEvent } = options;
  let life: Life | undefined;
  let failures = 0;
  let closing = false;
  let timer: NodeJS.Timeout | undefined;
  let next = createDeferred<Life>();

  const loadInto = async ({ thread, loaded }: Pick<Life, 'thread' | 'loaded'>, spec: EmbedderSpec) => {
    const description = await oneAtATime(() => thread.post({ kind: 'load', spec }));
    loaded.set(spec.name, description);
    return description;
  };

  /** An embedder that cannot be built again is left out; the others still serve. */
  const loadAgain = async (thread: WorkerThread, loaded: Life['loaded']) => {
    for (const spec of specs.values()) {
      await loadInto({ thread, loaded }, spec).catch((thrown: unknown) => {
        const error = AffinisError.from(thrown);
        if (error.reason === 'WORKER_LOST') throw error;
        onEvent({ kind: 'load-failed', worker: index, embedder: spec.name, error });
      });
    }
  };

  const begin = () => {
    const thread = startThread(setup);
    const loaded = new Map<string, EmbedderDescription>();
    const startedAt = performance.now();
    const current: Life = { thread, loaded, ready: loadAgain(thread, loaded) };
    const started = next;
    life = current;
    next = createDeferred();
    current.ready.then(() => started.resolve(current), started.reject);
    void thread.ended.then((error) => {
      life = undefined;
      if (closing) return;
      if (performance.now() - startedAt >= healthyAfterMs) failures = 0;
      beginLater(error);
    });
  };

  const beginLater = (error: AffinisError) => {
    failures++;
    const delayMs = restartDelayMs(failures);
    onEvent({ kind: 'ended', worker: index, restartInMs: delayMs, error });
    timer = setTimeout(restart, delayMs);
  };

  const restart = () => {
    try {
      begin();
      life?.ready.then(
        () => onEvent({ kind: 'restarted', worker: index }),
        () => undefined,
      );
    } catch (thrown) {
      const error = AffinisError.from(thrown);
      next.reject(error);
      next = createDeferred();
      beginLater(error);
    }
  };

  begin();

  return {
    get thread() {
      return life?.thread;
    },
    holding: (embedder) => (life?.loaded.has(embedder) ? life.thread : undefined),
    async load(spec) {
      const current = life ?? (await next.promise);
      await current.ready;
      return current.loaded.get(spec.name) ?? loadInto(current, spec);
    },
    async unload(embedder) {
      const current = life;
      // A restart may be building it just now.
      await current?.ready.catch(() => undefined);
      if (!current?.loaded.delete(embedder)) return;
      await current.thread.post({ kind: 'unload', embedder }).catch((thrown: unknown) => {
        const error = AffinisError.from(thrown);
        if (error.reason !== 'WORKER_LOST') throw error;
      });
    },
    async close() {
      closing = true;
      clearTimeout(timer);
      next.reject(stopped());
      life?.thread.stop();
      await life?.thread.ended;
    },
  };
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** A promise settled from outside; nobody has to wait for it. */
function createDeferred<T>(): Deferred<T> {
  let settle: Pick<Deferred<T>, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  promise.catch(() => undefined);
  return { promise, resolve: (value) => settle?.resolve(value), reject: (error) => settle?.reject(error) };
}

const stopped = () => new AffinisError('unavailable', '[core] the workers are stopping', { reason: 'STOPPING' });
