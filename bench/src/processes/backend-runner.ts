import { onnxBackend } from '@affinis/backend-onnx';
import { createTfjsBackend } from '@affinis/backend-tfjs';
import { createModelRepository, float32, readArtefact, type Tensor } from '@affinis/core';
import { crop, cropSide } from '../support/crops.ts';
import { median } from '../support/statistics.ts';
import type { EngineName, RunAnswer, RunQuestion } from './backend-runner-protocol.ts';

// One engine with one thread and one model, which runs batches of aligned crops for as long as it is asked to.

const [name = '', model = '', ...roots] = process.argv.slice(2);
const engine = name as EngineName;
const backend = engine === 'onnx' ? onnxBackend : createTfjsBackend({ engine });
const { manifest, folder } = await createModelRepository(roots).find(model);
const session = await backend.load(await readArtefact(folder, manifest.artefact), { threads: 1 });

process.on('message', async ({ batchSize, runMs }: RunQuestion) => {
  const inputs = { input: batch(batchSize) };
  const times: number[] = [];
  const cpu = process.cpuUsage();
  for (const began = performance.now(); performance.now() - began < runMs; ) {
    const started = performance.now();
    await session.run(inputs, ['embedding']);
    times.push((performance.now() - started) / batchSize);
  }
  const { user, system } = process.cpuUsage(cpu);
  process.send?.({
    msPerImage: median(times),
    cpuMsPerImage: (user + system) / 1000 / (times.length * batchSize),
    rssMb: process.memoryUsage.rss() / 2 ** 20,
  } satisfies RunAnswer);
});
process.on('SIGTERM', () => process.exit(0));
process.send?.({});

/** Noise, in the model's own layout: a network takes as long for any pixels. */
function batch(size: number): Tensor {
  const values = Float32Array.from(Array.from({ length: size }, (_, seed) => [...crop(seed)]).flat());
  const image = manifest.input.layout === 'NCHW' ? [3, cropSide, cropSide] : [cropSide, cropSide, 3];
  return float32([size, ...image], values);
}
