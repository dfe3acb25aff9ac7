import { AffinisError, type PluginStatus, type ProcessPluginConfig } from '@affinis/core';
import type { PluginLife } from './plugin-life.ts';

export type PluginState = PluginStatus['state'];

/** Keeps one plugin running. */
export interface Supervisor {
  readonly state: PluginState;
  /** Starts after the first. */
  readonly restarts: number;
  /** Why it was lost or could not be started the last time. */
  readonly lastError: AffinisError | undefined;
  /** The plugin, once it is ready. Rejects where it has failed, and with `deadline-exceeded` at `deadline`, a time of `performance.now()`. */
  life(deadline?: number): Promise<PluginLife>;
  /** Settled once the first start has ended, well or not. */
  readonly firstStart: Promise<void>;
  /** Starts it anew, also where it has failed; resolves once it is ready, rejects where this start fails. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface SupervisorOptions {
  readonly config: Pick<ProcessPluginConfig, 'name' | 'supervision'>;
  /** Aborting gives the start up, with all that it has begun. */
  start(signal: AbortSignal): Promise<PluginLife>;
  onChange(state: PluginState, error: AffinisError | undefined): void;
}

/** Begins with the first start. */
export function createSupervisor({ config, start, onChange }: SupervisorOptions): Supervisor {
  const { name, supervision } = config;
  let state: PluginState = 'starting';
  let life: PluginLife | undefined;
  let lastError: AffinisError | undefined;
  let restarts = -1;
  let inARow = 0;
  let ends: number[] = [];
  let timer: NodeJS.Timeout | undefined;
  let waiters = new Set<Waiter>();
  /** Counts starts, so that what a former one still has to say is not taken for the present one's. */
  let generation = 0;
  let firstStart: Promise<void> | undefined;
  let starting: { abort(): void; readonly done: Promise<void> } | undefined;

  const enter = (next: PluginState, error?: AffinisError) => {
    state = next;
    if (error) lastError = error;
    onChange(next, error);
  };
  const settle = (how: (waiter: Waiter) => void) => {
    const waiting = waiters;
    waiters = new Set();
    for (const waiter of waiting) how(waiter);
  };
  const begin = () => {
    const mine = ++generation;
    restarts++;
    enter('starting');
    const control = new AbortController();
    const begun = start(control.signal);
    starting = {
      abort: () => control.abort(),
      done: begun.then(
        endLate(() => mine !== generation),
        () => undefined,
      ),
    };
    firstStart ??= begun.then(
      () => undefined,
      () => undefined,
    );
    begun.then(
      (started) => {
        if (mine !== generation) return;
        life = started;
        const readyAt = performance.now();
        enter('running');
        settle((waiter) => waiter.resolve(started));
        void started.ended.then((error) => {
          if (mine !== generation) return;
          if (performance.now() - readyAt >= supervision.healthyMs) inARow = 0;
          over(error);
        });
      },
      (thrown: unknown) => {
        if (mine === generation) over(AffinisError.from(thrown, 'plugin-host'));
      },
    );
  };
  const over = (error: AffinisError) => {
    life = undefined;
    const now = performance.now();
    ends = [...ends.filter((at) => now - at < supervision.windowMs), now];
    const hopeless = error.reason === 'PLUGIN_UNSTARTABLE' || error.reason === 'PLUGIN_INCOMPATIBLE';
    if (hopeless || (supervision.maxFailures !== 'unlimited' && ends.length >= supervision.maxFailures)) {
      enter('failed', error);
      settle((waiter) => waiter.reject(failed(name, error)));
      return;
    }
    enter('waiting', error);
    timer = setTimeout(begin, backoff(supervision, inARow++));
  };
  /** Ends what there is of the plugin, ready or not. */
  const abandon = async () => {
    clearTimeout(timer);
    generation++;
    const old = life;
    life = undefined;
    starting?.abort();
    await Promise.all([old?.stop(), starting?.done]);
  };

  begin();

  return {
    get state() {
      return state;
    },
    get restarts() {
      return Math.max(0, restarts);
    },
    get lastError() {
      return lastError;
    },
    firstStart: firstStart ?? Promise.resolve(),
    life: (deadline) => {
      if (life) return Promise.resolve(life);
      if (state === 'failed') return Promise.reject(failed(name, lastError));
      if (state === 'stopped') return Promise.reject(stopped(name));
      return waitFor(name, waiters, deadline);
    },
    async restart() {
      if (state === 'stopped') throw stopped(name);
      await abandon();
      ends = [];
      inARow = 0;
      const started = new Promise<PluginLife>((resolve, reject) => waiters.add({ resolve, reject }));
      begin();
      await started;
    },
    async close() {
      if (state === 'stopped') return;
      const leaving = abandon();
      enter('stopped');
      settle((waiter) => waiter.reject(stopped(name)));
      await leaving;
    },
  };
}

/** A start that came to its end after it was given up: nobody else will end what it made. */
const endLate =
  (isLate: () => boolean) =>
  async (life: PluginLife): Promise<void> => {
    if (isLate()) await life.stop();
  };

interface Waiter {
  resolve(life: PluginLife): void;
  reject(error: AffinisError): void;
}

function waitFor(name: string, waiters: Set<Waiter>, deadline: number | undefined): Promise<PluginLife> {
  return new Promise((resolve, reject) => {
    const timer =
      deadline === undefined
        ? undefined
        : setTimeout(
            () => {
              waiters.delete(waiter);
              reject(late(name));
            },
            Math.max(0, deadline - performance.now()),
          );
    const waiter: Waiter = {
      resolve: (life) => {
        clearTimeout(timer);
        resolve(life);
      },
      reject: (error) => {
        clearTimeout(timer);
        reject(error);
      },
    };
    waiters.add(waiter);
  });
}

/** Full jitter: anything below a bound that doubles, so that plugins lost together do not come back together. */
function backoff({ backoffMs, maxBackoffMs }: ProcessPluginConfig['supervision'], inARow: number): number {
  return Math.random() * Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(inARow, 30));
}

const failed = (name: string, cause: AffinisError | undefined) =>
  new AffinisError(
    'unavailable',
    `[plugin-host] plugin "${name}" has failed: ${cause?.message ?? 'it was lost too often'}; mend it, then affinis plugin restart ${name}`,
    { reason: 'PLUGIN_FAILED', ...(cause ? { cause: cause.cause ?? cause } : {}) },
  );
const late = (name: string) =>
  new AffinisError('deadline-exceeded', `[plugin-host] the deadline passed while plugin "${name}" was being started`, {
    reason: 'DEADLINE',
  });
const stopped = (name: string) =>
  new AffinisError('unavailable', `[plugin-host] plugin "${name}" is being stopped; call another instance`, {
    reason: 'STOPPING',
  });
