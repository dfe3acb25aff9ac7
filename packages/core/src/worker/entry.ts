import { parentPort, workerData } from 'node:worker_threads';
import { AffinisError } from '../errors.ts';
import type { WorkerReply, WorkerRequest, WorkerSetup, WorkerTask } from './protocol.ts';
import { createWorkshop } from './workshop.ts';

// The thread that decodes, infers and scans. One message is one task; answers carry its id and come in any order.

const port = parentPort;
if (!port) throw new Error('[core] worker/entry runs as a worker thread only');
const workshop = createWorkshop(workerData as WorkerSetup);
// A plugin that cannot be imported is told to every task; it does not end the thread.
workshop.catch(() => undefined);
const inHand = new Set<Promise<void>>();

port.on('message', ({ id, task }: WorkerRequest) => {
  if (task.kind === 'stop') return void stop();
  const done = answer(id, task).finally(() => inHand.delete(done));
  inHand.add(done);
});

/** Never rejects: an answer that cannot be cloned is an error of its task. */
async function answer(id: number, task: WorkerTask): Promise<void> {
  try {
    const { answer, transfer } = await (await workshop).perform(task);
    port?.postMessage({ id, answer } satisfies WorkerReply, transfer);
  } catch (thrown) {
    port?.postMessage({ id, error: AffinisError.from(thrown, 'worker').toWire() } satisfies WorkerReply);
  }
}

async function stop(): Promise<void> {
  await Promise.all(inHand);
  await workshop.then((ready) => ready.dispose()).catch(() => undefined);
  port?.close();
  // A plugin that left a timer or a socket open must not keep the thread; nothing is in hand any more.
  setTimeout(() => process.exit(0), 1000).unref();
}
