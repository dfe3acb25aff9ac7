import { elementCount, float32, type Prepared, type TensorSample } from '@affinis/core';
import { badSample } from './refusals.ts';
import type { VoiceInput } from './voice-input.ts';

/** A ready mel spectrogram, `float32[frames, bands]` or `float32[rows, frames, bands]` exactly as the model wants it. */
export function prepareMelTensor({ tensor }: TensorSample, input: VoiceInput, maxRows: number): Prepared {
  const { frames } = input.slices;
  const { bands } = input.mel;
  const wanted = `[${frames}, ${bands}] or [rows, ${frames}, ${bands}]`;
  if (tensor.dtype !== 'float32')
    throw badSample('tensor.dtype', 'BAD_TENSOR', `the tensor is ${tensor.dtype}; send the mel spectrogram as float32`);
  const [rows = 0, ...rest] = tensor.shape.length === 2 ? [1, ...tensor.shape] : tensor.shape;
  if (rest.length !== 2 || rest[0] !== frames || rest[1] !== bands || !Number.isInteger(rows) || rows < 1)
    throw badSample('tensor.shape', 'BAD_TENSOR', `the tensor's shape is [${tensor.shape.join(', ')}]; send ${wanted}`);
  if (rows > maxRows)
    throw badSample(
      'tensor.shape',
      'TOO_LONG',
      `the tensor has ${rows} rows, more than the ${maxRows} of the longest recording; send fewer`,
    );
  if (tensor.data.length !== elementCount(tensor.shape))
    throw badSample(
      'tensor.data',
      'BAD_TENSOR',
      `the tensor holds ${tensor.data.length} values, its shape wants ${elementCount(tensor.shape)}`,
    );
  if (!tensor.data.every((value) => Number.isFinite(value) && value >= 0))
    throw badSample(
      'tensor.data',
      'BAD_TENSOR',
      'the tensor holds values below 0 or no finite numbers; send mel powers, not their logarithms',
    );
  return { inputs: { [input.tensor]: float32([rows, frames, bands], tensor.data) }, rows, decodeMs: 0 };
}
