import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { crop } from '../support/crops.ts';
import type { RawMeasurement, RawQuestion, RawWorkerData } from './raw-onnx-protocol.ts';

// One thread that runs one batch over and over, its float input made beforehand. Session options are the server's.

const { model, batchSize } = workerData as RawWorkerData;
const session = await InferenceSession.create(model, {
  executionProviders: ['cpu'],
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});
const values = Float32Array.from(Array.from({ length: batchSize }, (_, seed) => [...crop(seed)]).flat());
const feeds = { input: new Tensor('float32', values, [batchSize, 3, 150, 150]) };

parentPort?.on('message', async ({ runMs }: RawQuestion) => {
  const started = performance.now();
  let items = 0;
  while (performance.now() - started < runMs) {
    await session.run(feeds, ['embedding']);
    items += batchSize;
  }
  const itemsPerSecond = (items / (performance.now() - started)) * 1000;
  parentPort?.postMessage({ itemsPerSecond } satisfies RawMeasurement);
});
parentPort?.postMessage({ itemsPerSecond: 0 } satisfies RawMeasurement);
