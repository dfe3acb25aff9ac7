import { createToTensor, type PixelFormat } from './to-tensor.ts';

const format: PixelFormat = { tensor: 'x', layout: 'NCHW', colour: 'RGB', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] };
/** Two pixels side by side: (10, 20, 30) and (40, 50, 255). */
const pixels = { width: 2, height: 1, data: Uint8Array.of(10, 20, 30, 40, 50, 255) };

describe('to tensor', () => {
  it('puts channels first or last', () => {
    const first = createToTensor(format)(pixels);
    expect(first.shape).toEqual([1, 3, 1, 2]);
    expect([...first.data]).toEqual([10, 40, 20, 50, 30, 255]);
    const last = createToTensor({ ...format, layout: 'NHWC' })(pixels);
    expect(last.shape).toEqual([1, 1, 2, 3]);
    expect([...last.data]).toEqual([10, 20, 30, 40, 50, 255]);
  });

  it('orders colours as the model wants, mean and std in the same order', () => {
    const bgr = createToTensor({ ...format, layout: 'NHWC', colour: 'BGR', mean: [30, 20, 10], std: [1, 2, 5] })(
      pixels,
    );
    expect([...bgr.data]).toEqual([0, 0, 0, 225, 15, 6]);
  });

  it('scales before it centres: torchvision on 0..255', () => {
    const torchvision = createToTensor({
      ...format,
      scale: 1 / 255,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    });
    const { data } = torchvision(pixels);
    expect(data[0]).toBeCloseTo((10 / 255 - 0.485) / 0.229, 5);
    expect(data[5]).toBeCloseTo((1 - 0.406) / 0.225, 5);
  });

  it('treats float pixels like bytes', () => {
    const convert = createToTensor({ ...format, colour: 'BGR', scale: 1 / 128, mean: [1, 1, 1] });
    const floats = convert({ ...pixels, data: Float32Array.from(pixels.data) });
    expect(floats).toEqual(convert(pixels));
  });
});
