import type { Tensor } from '@tensorflow/tfjs-core';

/** What graph models and layers models have in common. */
export interface TfjsModel {
  readonly inputs: readonly InputInfo[];
  readonly outputNames: readonly string[];
  /** One tensor an output, in the order asked for, that the caller frees. */
  execute(inputs: Readonly<Record<string, Tensor>>, outputs: readonly string[]): Promise<readonly Tensor[]>;
  dispose(): void;
}

export interface InputInfo {
  readonly name: string;
  /** In TensorFlow.js's terms: `float32`, `int32`, ... */
  readonly dtype: string;
  /** Axes of any size are undefined; undefined as a whole where the model does not say. */
  readonly shape: readonly (number | undefined)[] | undefined;
}

/** Axes of any size are `null` in layers models and -1 in graph models. */
export const shapeOf = (shape: readonly (number | null)[] | undefined): InputInfo['shape'] =>
  shape?.map((size) => (size === null || size < 0 ? undefined : size));
