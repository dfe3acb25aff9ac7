import type { Tensor } from '@affinis/core';
import type { Tensor as TfjsTensor } from '@tensorflow/tfjs-core';
import type { Tfjs } from './engine/index.ts';
import type { InputInfo } from './models/index.ts';
import { unfit } from './unfit.ts';

/** TensorFlow.js computes with float32 and int32; whole numbers of other widths become int32. */
export function toTfjs(tf: Tfjs, tensor: Tensor | undefined, { name, dtype }: InputInfo): TfjsTensor {
  if (!tensor) throw unfit(`model needs input '${name}', which was not given`);
  const shape = [...tensor.shape];
  if (dtype === 'float32' && tensor.dtype === 'float32') return tf.tensor(tensor.data, shape, 'float32');
  if (dtype === 'int32' && tensor.dtype !== 'float32') return tf.tensor(toInt32(name, tensor.data), shape, 'int32');
  throw unfit(`input '${name}' is ${tensor.dtype}, the model wants ${dtype}`);
}

/** Copies: what an engine gives may be the memory of an input. */
export function fromTfjs(name: string, tensor: TfjsTensor | undefined): Tensor {
  const data = tensor?.dataSync();
  const shape = tensor?.shape ?? [];
  if (tensor?.dtype === 'float32' && data instanceof Float32Array)
    return { dtype: 'float32', shape, data: data.slice() };
  if (tensor?.dtype === 'int32' && data instanceof Int32Array) return { dtype: 'int32', shape, data: data.slice() };
  throw unfit(`output '${name}' is ${tensor?.dtype ?? 'not a tensor'}; only float32 and int32 can be read`);
}

function toInt32(name: string, values: Uint8Array | Int32Array | BigInt64Array): Int32Array {
  if (values instanceof Int32Array) return values;
  if (values instanceof Uint8Array) return Int32Array.from(values);
  if (values.some((value) => BigInt.asIntN(32, value) !== value))
    throw unfit(`input '${name}' has values beyond 32 bits, which TensorFlow.js cannot hold`);
  return Int32Array.from(values, Number);
}
