import { float32, type LoadedModel, type Tensors } from '@affinis/core';
import { manifestOf } from '../testing/models.ts';
import { createFaceDetector } from './index.ts';

const manifest = manifestOf({
  name: 'tiny',
  task: 'face-detection',
  decoder: 'tiny-face-detector',
  input: { tensor: 'input', layout: 'NCHW', colour: 'RGB', sizes: [64, 32] },
  output: { tensor: 'output', normalise: 'none' },
  decoderOptions: {
    anchors: [
      [1, 2],
      [0.5, 0.25],
    ],
    stride: 32,
    scoreThreshold: 0.3,
    iouThreshold: 0.4,
  },
});

/** Everything far below the threshold but what `set` writes. */
const output = (
  cells: number,
  set: (at: (row: number, column: number, anchor: number) => Float32Array) => void,
): Tensors => {
  const data = new Float32Array(cells * cells * 10).fill(-20);
  set((row, column, anchor) => {
    const start = ((row * cells + column) * 2 + anchor) * 5;
    return data.subarray(start, start + 5);
  });
  return { output: float32([1, cells, cells, 10], data) };
};

const detectorOf = (answers: (size: number) => Tensors, sizes: number[] = []) => {
  const session: LoadedModel['session'] = {
    inputNames: ['input'],
    outputNames: ['output'],
    run: async ({ input }) => {
      sizes.push(input?.shape[2] ?? 0);
      return answers(input?.shape[2] ?? 0);
    },
    dispose: async () => {},
  };
  return createFaceDetector({ manifest, session });
};

const image = { width: 128, height: 96, data: new Uint8Array(128 * 96 * 3) };

describe('tiny face detector', () => {
  it('decodes cells and anchors to boxes of the image', async () => {
    const detector = detectorOf(() =>
      output(2, (at) => {
        at(0, 1, 0).set([0, 0, 0, 0, 2]);
        at(1, 0, 1).set([Math.log(3), -Math.log(3), Math.log(2), Math.log(4), 0]);
      }),
    );
    const [first, second] = await detector.detect(image);
    // Logistic of 2; the cell's middle is (48, 16) of 64, the box 32 x 64; the image is twice the size.
    expect(first?.confidence).toBeCloseTo(0.880797, 5);
    expect(first?.box).toEqual({ x: 64, y: -32, width: 64, height: 128 });
    // Offsets 0.75 and 0.25 of a cell: centre (24, 40), the box 32 x 32.
    expect(second?.confidence).toBeCloseTo(0.5, 6);
    expect(second?.box.x).toBeCloseTo(16, 4);
    expect(second?.box.y).toBeCloseTo(48, 4);
    expect(second?.box.width).toBeCloseTo(64, 4);
    expect(second?.box.height).toBeCloseTo(64, 4);
  });

  it('tries the next size only where the one before found nothing', async () => {
    const sizes: number[] = [];
    const found = output(1, (at) => at(0, 0, 0).set([0, 0, 0, 0, 1]));
    const detector = detectorOf((size) => (size === 64 ? output(2, () => {}) : found), sizes);
    expect(await detector.detect(image)).toHaveLength(1);
    expect(sizes).toEqual([64, 32]);
    expect(await detectorOf(() => output(1, () => {})).detect(image)).toEqual([]);
  });

  it('refuses decoder options that it does not know', () => {
    const options = { ...manifest, decoderOptions: { ...manifest.decoderOptions, nonsense: 1 } };
    expect(() => createFaceDetector({ manifest: options, session: {} as LoadedModel['session'] })).toThrow(
      '[modality-image]',
    );
    const decoder = { ...manifest, decoder: 'toString' };
    expect(() => createFaceDetector({ manifest: decoder, session: {} as LoadedModel['session'] })).toThrow(
      'tiny-face-detector, yunet',
    );
  });
});
