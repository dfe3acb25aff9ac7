import { readFileSync } from 'node:fs';
import { backendConformance, developmentData } from '@affinis/conformance';
import { float32, int64, type Tensors } from '@affinis/core';
import { onnxBackend } from './index.ts';
import { tinyModel, tinyTensor } from './testing/tiny-model.ts';

backendConformance(() => onnxBackend, {
  artefact: {
    path: '/nowhere/tiny.onnx',
    bytes: tinyModel({
      nodes: [
        { operator: 'Add', inputs: ['x', 'weight'], outputs: ['sum'] },
        { operator: 'Add', inputs: ['ids', 'ids'], outputs: ['twice'] },
        { operator: 'Identity', inputs: ['x'], outputs: ['same'] },
      ],
      inputs: [
        { name: 'x', type: 'float32', shape: ['N', 2] },
        { name: 'ids', type: 'int64', shape: ['N', 1] },
      ],
      outputs: [
        { name: 'sum', type: 'float32', shape: ['N', 2] },
        { name: 'twice', type: 'int64', shape: ['N', 1] },
        { name: 'same', type: 'float32', shape: ['N', 2] },
      ],
      initializers: [tinyTensor('weight', [10, 20])],
    }),
  },
  inputs: {
    x: float32([3, 2], Float32Array.of(1, 2, 3, 4, 5, 6)),
    ids: int64([3, 1], BigInt64Array.of(1n, 2n, -3n)),
  },
  outputs: {
    sum: float32([3, 2], Float32Array.of(11, 22, 13, 24, 15, 26)),
    twice: int64([3, 1], BigInt64Array.of(2n, 4n, -6n)),
    same: float32([3, 2], Float32Array.of(1, 2, 3, 4, 5, 6)),
  },
});

const modelFile = developmentData('models/speaker-ge2e.onnx');
const melFile = developmentData('reference/ge2e-golden-mel.npy');
const embeddingFile = developmentData('reference/ge2e-golden-embedding.npy');

/** A published network: the mean of three slices' embeddings, scaled to norm 1, is its authors' result. */
(modelFile && melFile && embeddingFile ? describe : describe.skip)('speaker-ge2e.onnx', () => {
  it('gives the golden embedding of the original package', async () => {
    const mel = readFloats(melFile ?? '');
    const golden = readFloats(embeddingFile ?? '');
    const session = await onnxBackend.load(
      { path: modelFile ?? '', bytes: readFileSync(modelFile ?? '') },
      { threads: 1 },
    );
    try {
      const slices = [0, 77, 154].map((frame) => mel.subarray(frame * 40, (frame + 160) * 40));
      const inputs: Tensors = { mel: float32([3, 160, 40], Float32Array.from(slices.flatMap((slice) => [...slice]))) };
      const { embedding } = await session.run(inputs, ['embedding']);
      const total = golden.map((_, d) =>
        [0, 1, 2].reduce((sum, row) => sum + Number(embedding?.data[row * 256 + d]), 0),
      );
      const norm = Math.hypot(...total);
      for (const [d, value] of golden.entries()) expect(Math.abs((total[d] ?? 0) / norm - value)).toBeLessThan(1e-4);
    } finally {
      await session.dispose();
    }
  });
});

/** The float32 values of a NumPy file. */
function readFloats(file: string): Float32Array {
  const bytes = readFileSync(file);
  const start = 10 + bytes.readUInt16LE(8);
  return new Float32Array(new Uint8Array(bytes.subarray(start)).buffer);
}
