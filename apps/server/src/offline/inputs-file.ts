import { AffinisError, elementCount, type Tensor, type Tensors } from '@affinis/core';
import { createNpy, type NpyFile } from './npy.ts';

/** The model's input tensors of all copies, on disk as they come, for they may be larger than memory. */
export interface InputsFile {
  /** Throws `invalid-argument` where the copy's input is not of the shape of the first, or is none or several. */
  readonly write: (row: number, inputs: Tensors) => Promise<void>;
  readonly description: () => InputsDescription | undefined;
  readonly close: () => Promise<void>;
}

export interface InputsDescription {
  readonly tensor: string;
  readonly dtype: Tensor['dtype'];
  /** Of one copy, without the axis of the batch where that is 1. */
  readonly shape: readonly number[];
}

/** `rows`: the array's first axes, `[K, N]`. */
export function createInputsFile(file: string, rows: readonly number[]): InputsFile {
  let description: InputsDescription | undefined;
  let opening: Promise<NpyFile> | undefined;
  return {
    async write(row, inputs) {
      const [tensor, given] = onlyOf(inputs);
      const shape = given.shape[0] === 1 ? given.shape.slice(1) : given.shape;
      description ??= { tensor, dtype: given.dtype, shape };
      if (`${shape}` !== `${description.shape}`)
        throw refused(
          `the model is given [${shape}] of one sample and [${description.shape}] of another, which is no array; leave it away, or cut the samples to one length`,
        );
      opening ??= createNpy(file, given.dtype, [...rows, ...shape]);
      await (await opening).write(row * elementCount(shape), given.data);
    },
    description: () => description,
    close: async () => (await opening)?.close(),
  };
}

function onlyOf(inputs: Tensors): [string, Tensor] {
  const [first, ...others] = Object.entries(inputs);
  if (first && others.length === 0) return first;
  throw refused(`the model has ${first ? 1 + others.length : 'no'} inputs and only one can be exported; leave it away`);
}

const refused = (problem: string) =>
  new AffinisError('invalid-argument', `--inputs: ${problem}`, { field: 'inputs', reason: 'USAGE' });
