import { float32, type Tensor } from '@affinis/core';
import { z } from 'zod';

const triple = z.tuple([z.number(), z.number(), z.number()]);

/** How a model wants its pixels: `(value × scale − mean) / std`, `mean` and `std` in the order of `colour`. */
export const pixelFormat = {
  tensor: z.string().min(1),
  layout: z.enum(['NCHW', 'NHWC']),
  colour: z.enum(['RGB', 'BGR']),
  scale: z.number().positive().default(1),
  mean: triple.default([0, 0, 0]),
  std: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]).default([1, 1, 1]),
};

export type PixelFormat = z.infer<z.ZodObject<typeof pixelFormat>>;

/** RGB values 0..255, [height, width, 3]. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Float32Array;
}

/** Pixels as `float32[1, 3, height, width]` or `float32[1, height, width, 3]`. */
export type ToTensor = (pixels: Pixels) => Tensor;

export function createToTensor({ layout, colour, scale, mean, std }: PixelFormat): ToTensor {
  const factors = std.map((deviation) => scale / deviation);
  const offsets = std.map((deviation, channel) => (mean[channel] ?? 0) / deviation);
  /** Position within an RGB pixel of each of the model's channels. */
  const sources = colour === 'RGB' ? [0, 1, 2] : [2, 1, 0];
  return ({ width, height, data }) => {
    const area = width * height;
    const values = new Float32Array(area * 3);
    const [pixelStep, channelStep] = layout === 'NCHW' ? [1, area] : [3, 1];
    for (const [channel, source] of sources.entries())
      writeChannel(
        data,
        source,
        factors[channel] ?? 1,
        offsets[channel] ?? 0,
        values,
        channel * channelStep,
        pixelStep,
      );
    return float32(layout === 'NCHW' ? [1, 3, height, width] : [1, height, width, 3], values);
  };
}

/** Plain numbers, no objects: a crop's 67,500 values pass through here. */
function writeChannel(
  data: Pixels['data'],
  source: number,
  factor: number,
  offset: number,
  values: Float32Array,
  start: number,
  step: number,
): void {
  for (let at = source, out = start; at < data.length; at += 3, out += step)
    values[out] = (data[at] as number) * factor - offset;
}
