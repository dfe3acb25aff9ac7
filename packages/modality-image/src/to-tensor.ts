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
  /** Position within an RGB pixel of each of the model's channels. */
  const sources = colour === 'RGB' ? [0, 1, 2] : [2, 1, 0];
  /** In the order of RGB, as the pixels are. */
  const channels = [0, 1, 2].map((source) => {
    const channel = sources.indexOf(source);
    const deviation = std[channel] ?? 1;
    return { channel, factor: scale / deviation, offset: (mean[channel] ?? 0) / deviation };
  });
  const tables = channels.map(({ factor, offset }) =>
    Float32Array.from({ length: 256 }, (_, v) => v * factor - offset),
  );
  return ({ width, height, data }) => {
    const area = width * height;
    const values = new Float32Array(area * 3);
    const [pixelStep, channelStep] = layout === 'NCHW' ? [1, area] : [3, 1];
    const starts = channels.map(({ channel }) => channel * channelStep);
    if (data instanceof Uint8Array) writeBytes(data, tables, values, starts, pixelStep);
    else
      for (const [source, { factor, offset }] of channels.entries())
        writeChannel(data, source, factor, offset, values, starts[source] ?? 0, pixelStep);
    return float32(layout === 'NCHW' ? [1, 3, height, width] : [1, height, width, 3], values);
  };
}

/** One pass and a look-up a value, cheaper than three passes that compute: a crop's 67,500 values come through here. */
function writeBytes(
  data: Uint8Array,
  tables: readonly Float32Array[],
  values: Float32Array,
  starts: readonly number[],
  step: number,
): void {
  const [red, green, blue] = tables as [Float32Array, Float32Array, Float32Array];
  const [toRed, toGreen, toBlue] = starts as [number, number, number];
  for (let at = 0, out = 0; at < data.length; at += 3, out += step) {
    values[toRed + out] = red[data[at] as number] as number;
    values[toGreen + out] = green[data[at + 1] as number] as number;
    values[toBlue + out] = blue[data[at + 2] as number] as number;
  }
}

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
