import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { RawMeasurement, RawQuestion, RawWorkerData } from './raw-onnx-protocol.ts';

// The peer of `embed-crops`: onnxruntime-node in worker threads and nothing else. Greets when its models are loaded,
// then runs for as long as it is asked to.

const [model = '', batchSize = ''] = process.argv.slice(2);
const workerData: RawWorkerData = { model, batchSize: Number(batchSize) };
const count = Math.max(1, availableParallelism() - 1);
const workers: Worker[] = [];
for (let index = 0; index < count; index++) {
  const worker = new Worker(new URL('./raw-onnx-worker.js', import.meta.url), { workerData });
  await messageOf(worker);
  workers.push(worker);
}

process.on('message', async ({ runMs }: RawQuestion) => {
  const answers = workers.map(messageOf);
  for (const worker of workers) worker.postMessage({ runMs } satisfies RawQuestion);
  const done = await Promise.all(answers);
  const itemsPerSecond = done.reduce((sum, each) => sum + each.itemsPerSecond, 0);
  process.send?.({ itemsPerSecond } satisfies RawMeasurement);
});
process.on('SIGTERM', () => process.exit(0));
process.send?.({ workers: count });

function messageOf(worker: Worker): Promise<RawMeasurement> {
  return once(worker, 'message').then(([message]) => message as RawMeasurement);
}
