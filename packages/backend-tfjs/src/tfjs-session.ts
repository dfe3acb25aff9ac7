import { AffinisError, elementCount, type Session, type Tensor, type Tensors } from '@affinis/core';
import type { Tensor as TfjsTensor } from '@tensorflow/tfjs-core';
import type { Tfjs } from './engine/index.ts';
import type { InputInfo, TfjsModel } from './models/index.ts';
import { fromTfjs, toTfjs } from './tensors.ts';
import { unfit } from './unfit.ts';

/** Wraps a loaded model. Every run frees all tensors that it makes; `dispose` frees the weights. */
export function createTfjsSession(tf: Tfjs, model: TfjsModel): Session {
  const { inputs: infos, outputNames } = model;
  const inputNames = infos.map(({ name }) => name);
  let disposed = false;

  return {
    inputNames,
    outputNames,

    async run(inputs, outputs) {
      if (disposed) throw new AffinisError('internal', '[backend-tfjs] the session was disposed before this run');
      check(inputs, outputs, infos, outputNames);
      if (outputs.length === 0) return {};
      const given: Record<string, TfjsTensor> = {};
      let results: readonly TfjsTensor[] = [];
      try {
        for (const info of infos) given[info.name] = toTfjs(tf, inputs[info.name], info);
        results = await execute(model, given, outputs);
        return Object.fromEntries(outputs.map((name, index) => [name, fromTfjs(name, results[index])]));
      } finally {
        for (const tensor of [...results, ...Object.values(given)]) tensor.dispose();
      }
    },

    async dispose() {
      if (disposed) return;
      disposed = true;
      model.dispose();
    },
  };
}

function check(
  inputs: Tensors,
  outputs: readonly string[],
  infos: readonly InputInfo[],
  outputNames: readonly string[],
): void {
  for (const name of outputs)
    if (!outputNames.includes(name)) throw unfit(`model has no output '${name}'; it has ${quoted(outputNames)}`);
  const names = infos.map(({ name }) => name);
  for (const name of Object.keys(inputs))
    if (!names.includes(name)) throw unfit(`model has no input '${name}'; it has ${quoted(names)}`);
  for (const info of infos) checkShape(info, inputs[info.name]);
}

function checkShape({ name, shape }: InputInfo, tensor: Tensor | undefined): void {
  if (!tensor) throw unfit(`model needs input '${name}', which was not given`);
  const wanted = elementCount(tensor.shape);
  if (tensor.data.length !== wanted)
    throw unfit(`input '${name}' has ${tensor.data.length} values, its shape [${tensor.shape}] wants ${wanted}`);
  const fits =
    shape === undefined ||
    (shape.length === tensor.shape.length &&
      shape.every((size, axis) => (size ?? tensor.shape[axis]) === tensor.shape[axis]));
  if (!fits)
    throw unfit(`input '${name}' has shape [${tensor.shape}], the model wants [${shape.map((size) => size ?? '?')}]`);
}

async function execute(
  model: TfjsModel,
  inputs: Readonly<Record<string, TfjsTensor>>,
  outputs: readonly string[],
): Promise<readonly TfjsTensor[]> {
  try {
    return await model.execute(inputs, outputs);
  } catch (cause) {
    throw new AffinisError(
      'internal',
      "[backend-tfjs] the model's run failed; the server's log has TensorFlow's message",
      { reason: 'RUN_FAILED', cause },
    );
  }
}

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');
