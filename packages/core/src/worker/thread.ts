import { createRequire } from 'node:module';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { AffinisError } from '../errors.ts';
import type { WorkerAnswers, WorkerReply, WorkerRequest, WorkerSetup, WorkerTask } from './protocol.ts';

/** One worker thread and the tasks it has in hand. Every task settles, also where the thread ends before it. */
export interface WorkerThread {
  /** Tasks in hand. */
  readonly busy: number;
  post<K extends WorkerTask['kind']>(
    task: Extract<WorkerTask, { kind: K }>,
    transfer?: readonly ArrayBuffer[],
  ): Promise<WorkerAnswers[K]>;
  /** Lets running tasks finish, then ends the thread. */
  stop(): void;
  /** Resolves once the thread has ended, with what its tasks were rejected with. */
  readonly ended: Promise<AffinisError>;
}

interface Pending {
  resolve(answer: never): void;
  reject(error: AffinisError): void;
}

/** Starts a thread; throws where the system refuses one or the build is missing. */
export function startThread(setup: WorkerSetup): WorkerThread {
  // Native libraries read the process's own environment, which a backend must be able to set before it loads one.
  const worker = new Worker(entryFile(), { workerData: setup, env: SHARE_ENV });
  const pending = new Map<number, Pending>();
  let nextId = 0;
  let cause: unknown;
  let lost: AffinisError | undefined;

  const failAll = (error: AffinisError) => {
    const waiting = [...pending.values()];
    pending.clear();
    for (const { reject } of waiting) reject(error);
  };
  worker.on('message', (reply: WorkerReply) => {
    const waiting = pending.get(reply.id);
    pending.delete(reply.id);
    if ('error' in reply) waiting?.reject(AffinisError.fromWire(reply.error));
    else waiting?.resolve(reply.answer as never);
  });
  worker.on('messageerror', (unreadable: unknown) => failAll(AffinisError.from(unreadable, 'worker')));
  worker.on('error', (error: unknown) => {
    cause = error;
  });
  const ended = new Promise<AffinisError>((resolve) => {
    worker.on('exit', (exitCode) => {
      lost = workerLost(cause ?? new Error(`exit code ${exitCode}`));
      failAll(lost);
      resolve(lost);
    });
  });

  return {
    get busy() {
      return pending.size;
    },
    post: (task, transfer = []) =>
      new Promise((resolve, reject) => {
        if (lost) return reject(lost);
        const id = nextId++;
        worker.postMessage({ id, task } satisfies WorkerRequest, transfer);
        pending.set(id, { resolve, reject });
      }),
    stop: () => worker.postMessage({ id: -1, task: { kind: 'stop' } } satisfies WorkerRequest),
    ended,
  };
}

const workerLost = (cause: unknown) =>
  new AffinisError(
    'unavailable',
    '[core] a worker thread ended while it had this in hand; retry, it is being restarted',
    {
      reason: 'WORKER_LOST',
      retryAfterMs: 1000,
      cause,
    },
  );

/** The built entry, also when this file runs from source: a worker thread has no TypeScript loader. */
function entryFile(): string {
  try {
    return createRequire(import.meta.url).resolve('@affinis/core/worker');
  } catch (cause) {
    const message = '[core] the worker thread is not built; run `npm run build`';
    throw new AffinisError('failed-precondition', message, { reason: 'NOT_BUILT', cause });
  }
}
