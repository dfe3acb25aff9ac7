/** A dense row-major array; the first dimension is the batch wherever a model runs. */
export type Tensor =
  | { readonly dtype: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'uint8'; readonly shape: readonly number[]; readonly data: Uint8Array }
  | { readonly dtype: 'int32'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'int64'; readonly shape: readonly number[]; readonly data: BigInt64Array };

/** Tensors by the names that the model gives its inputs and outputs. */
export type Tensors = Readonly<Record<string, Tensor>>;

export const float32 = (shape: readonly number[], data: Float32Array): Tensor => ({ dtype: 'float32', shape, data });
export const int64 = (shape: readonly number[], data: BigInt64Array): Tensor => ({ dtype: 'int64', shape, data });
export const uint8 = (shape: readonly number[], data: Uint8Array): Tensor => ({ dtype: 'uint8', shape, data });

export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
