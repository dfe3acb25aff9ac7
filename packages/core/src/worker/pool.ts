import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Embedded, EmbedderDescription } from '../embedder.ts';
import { AffinisError } from '../errors.ts';
import { failure, type Result } from '../result.ts';
import { payloadOf, type Sample } from '../sample.ts';
import type { Tensor } from '../tensor.ts';
import type { EmbedderSpec, WorkerAnswers, WorkerReply, WorkerRequest, WorkerSetup, WorkerTask } from './protocol.ts';

/** Long-lived threads that decode, infer and scan, so that the event loop never does. */
export interface WorkerPool {
  readonly size: number;
  /** Builds an embedder in every worker, one after another; rejects with what kept the first from building it. */
  load(spec: EmbedderSpec): Promise<EmbedderDescription>;
  /** One result per sample. The samples' buffers move to the worker. */
  embed(embedder: string, samples: readonly Sample[]): Promise<readonly Result<Embedded>[]>;
  score(task: Extract<WorkerTask, { kind: 'score' }>): Promise<Float64Array>;
  /** Lets running tasks finish, then ends the threads. */
  close(): Promise<void>;
}

interface Pending {
  resolve(answer: never): void;
  reject(error: AffinisError): void;
}

interface Member {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
  readonly exited: Promise<void>;
}

const restartDelayMs = 250;

export function createWorkerPool(size: number, setup: WorkerSetup): WorkerPool {
  const specs: EmbedderSpec[] = [];
  const members: Member[] = [];
  let nextId = 0;
  let closing = false;

  const start = (slot: number): Member => {
    const worker = new Worker(entryFile(), { workerData: setup });
    const pending = new Map<number, Pending>();
    const exited = new Promise<void>((resolve) => {
      worker.on('error', (cause) => failAll(pending, cause));
      worker.on('exit', () => {
        failAll(pending, undefined);
        resolve();
        if (!closing) setTimeout(() => restart(slot), restartDelayMs).unref();
      });
    });
    worker.on('message', (reply: WorkerReply) => {
      const waiting = pending.get(reply.id);
      pending.delete(reply.id);
      if ('error' in reply) waiting?.reject(AffinisError.fromWire(reply.error));
      else waiting?.resolve(reply.answer as never);
    });
    const member = { worker, pending, exited };
    members[slot] = member;
    return member;
  };
  const restart = (slot: number) => {
    if (closing) return;
    const member = start(slot);
    for (const spec of specs) void post(member, { kind: 'load', spec }).catch(() => undefined);
  };
  const post = <K extends WorkerTask['kind']>(member: Member, task: Extract<WorkerTask, { kind: K }>, transfer: ArrayBuffer[] = []): Promise<WorkerAnswers[K]> =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      member.pending.set(id, { resolve, reject });
      member.worker.postMessage({ id, task } satisfies WorkerRequest, transfer);
    });
  /** The worker with the fewest tasks. */
  const idlest = (): Member => members.reduce((best, member) => (member.pending.size < best.pending.size ? member : best));

  for (let slot = 0; slot < size; slot++) start(slot);

  return {
    size,
    async load(spec) {
      let description: EmbedderDescription | undefined;
      for (const member of members) description = await post(member, { kind: 'load', spec });
      specs.push(spec);
      return description as EmbedderDescription;
    },
    async embed(embedder, samples) {
      const owned = samples.map(withOwnBuffer);
      const results = await post(idlest(), { kind: 'embed', embedder, samples: owned }, transferList(owned));
      return results.map((result) => (result.ok ? result : failure(AffinisError.fromWire(result.error))));
    },
    score: (task) => post(idlest(), task),
    async close() {
      closing = true;
      for (const { worker } of members) worker.postMessage({ id: -1, task: { kind: 'stop' } } satisfies WorkerRequest);
      await Promise.all(members.map((member) => member.exited));
    },
  };
}

function failAll(pending: Map<number, Pending>, cause: unknown): void {
  const error = new AffinisError('unavailable', '[core] a worker thread ended; it is being restarted', { reason: 'WORKER_LOST', retryAfterMs: 1000, cause });
  for (const { reject } of pending.values()) reject(error);
  pending.clear();
}

/** A view into a larger buffer (a gRPC message, say) is copied out, since cloning it would clone all of the buffer. */
function withOwnBuffer(sample: Sample): Sample {
  switch (sample.kind) {
    case 'media':
      return owns(sample.bytes) ? sample : { ...sample, bytes: new Uint8Array(sample.bytes) };
    case 'pcm':
      return owns(sample.samples) ? sample : { ...sample, samples: sample.samples.slice() };
    case 'tensor':
      return owns(sample.tensor.data) ? sample : { ...sample, tensor: { ...sample.tensor, data: sample.tensor.data.slice() } as Tensor };
    default:
      return sample;
  }
}

const owns = (view: ArrayBufferView) => view.byteLength === view.buffer.byteLength;

function transferList(samples: readonly Sample[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const sample of samples) {
    const view = payloadOf(sample);
    if (view && view.buffer instanceof ArrayBuffer) buffers.add(view.buffer);
  }
  return [...buffers];
}

/** The built entry, also when this file runs from source: a worker thread has no TypeScript loader. */
const entryFile = () => createRequire(import.meta.url).resolve('@affinis/core/worker');
