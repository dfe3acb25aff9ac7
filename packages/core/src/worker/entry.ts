import { parentPort, workerData } from 'node:worker_threads';
import { AffinisError } from '../errors.ts';
import { createWorkshop } from './workshop.ts';
import type { WorkerReply, WorkerRequest, WorkerSetup } from './protocol.ts';

// The thread that decodes, infers and scans. One message is one task; answers carry its id and come in any order.

const port = parentPort;
if (!port) throw new Error('[core] worker/entry runs as a worker thread only');
const workshop = createWorkshop(workerData as WorkerSetup);

port.on('message', async ({ id, task }: WorkerRequest) => {
  if (task.kind === 'stop') {
    await workshop.then((ready) => ready.dispose()).catch(() => undefined);
    port.close();
    return;
  }
  try {
    const { answer, transfer } = await (await workshop).perform(task);
    port.postMessage({ id, answer } satisfies WorkerReply, transfer);
  } catch (thrown) {
    port.postMessage({ id, error: AffinisError.from(thrown, 'worker').toWire() } satisfies WorkerReply);
  }
});
