import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { AffinisError } from '@affinis/core';
import type { Found, Message, Reply, Setup, Task } from './protocol.ts';

/** A thread that scans. Where it ends by itself, what it had in hand fails and another takes its place. */
export interface ScanThread {
  tell(message: Message): void;
  run(task: Task): Promise<readonly Found[] | undefined>;
  end(): Promise<void>;
}

interface Pending {
  resolve(found: readonly Found[] | undefined): void;
  reject(error: AffinisError): void;
}

/** `state`: what a thread has to be told first. */
export function createScanThread(setup: Setup, state: () => readonly Message[]): ScanThread {
  const pending = new Map<number, Pending>();
  let ending = false;

  const start = (): Worker => {
    const worker = new Worker(entryFile(), { workerData: setup });
    // A thread that waits keeps no process alive.
    worker.unref();
    worker.on('message', ({ id, error, found }: Reply) => {
      const waiting = pending.get(id);
      pending.delete(id);
      if (pending.size === 0) worker.unref();
      if (error === undefined) waiting?.resolve(found);
      else waiting?.reject(new AffinisError('internal', error));
    });
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      for (const { reject } of pending.values()) reject(lost());
      pending.clear();
      if (!ending) thread = start();
    });
    for (const message of state()) worker.postMessage(message);
    return worker;
  };
  let thread = start();

  return {
    tell: (message) => thread.postMessage(message),
    run: (task) =>
      new Promise((resolve, reject) => {
        pending.set(task.id, { resolve, reject });
        thread.ref();
        thread.postMessage({ kind: 'task', task } satisfies Message);
      }),
    async end() {
      ending = true;
      await thread.terminate();
    },
  };
}

const lost = () =>
  new AffinisError('unavailable', '[kernels] a scanning thread ended in the middle; retry, it is started again', {
    reason: 'SCANNER_LOST',
    retryAfterMs: 100,
  });

/** The built entry, also when this file runs from source: a worker thread has no TypeScript loader. */
function entryFile(): string {
  try {
    return createRequire(import.meta.url).resolve('@affinis/kernels/worker');
  } catch (cause) {
    const message = '[kernels] the scanning thread is not built; run `npm run build`';
    throw new AffinisError('failed-precondition', message, { reason: 'NOT_BUILT', cause });
  }
}
