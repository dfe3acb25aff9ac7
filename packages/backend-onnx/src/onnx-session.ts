import { AffinisError, elementCount, type Session, type Tensor, type Tensors } from '@affinis/core';
import type * as Ort from 'onnxruntime-node';

type Runtime = Pick<typeof Ort, 'Tensor'>;
type InputMetadata = Ort.InferenceSession.TensorValueMetadata;

/** Wraps a loaded onnxruntime session; inputs are passed on without copying, outputs own their memory. */
export function createOnnxSession(runtime: Runtime, session: Ort.InferenceSession): Session {
  const { inputNames, outputNames } = session;
  const inputMetadata = new Map(session.inputMetadata.map((metadata) => [metadata.name, tensorMetadata(metadata)]));
  let disposed = false;

  return {
    inputNames,
    outputNames,

    async run(inputs, outputs) {
      if (disposed) throw new AffinisError('internal', '[backend-onnx] the session was disposed before this run');
      for (const name of outputs)
        if (!outputNames.includes(name)) throw unfit(`model has no output '${name}'; it has ${quoted(outputNames)}`);
      const feeds = toFeeds(runtime, inputs, inputMetadata);
      const results = await runSession(session, feeds, outputs);
      return Object.fromEntries(outputs.map((name) => [name, toTensor(name, results[name])]));
    },

    async dispose() {
      if (disposed) return;
      disposed = true;
      await session.release();
    },
  };
}

function toFeeds(
  runtime: Runtime,
  inputs: Tensors,
  metadata: ReadonlyMap<string, InputMetadata>,
): Record<string, Ort.Tensor> {
  for (const name of Object.keys(inputs))
    if (!metadata.has(name)) throw unfit(`model has no input '${name}'; it has ${quoted([...metadata.keys()])}`);
  const feeds: Record<string, Ort.Tensor> = {};
  for (const [name, expected] of metadata) {
    const tensor = inputs[name];
    if (!tensor) throw unfit(`model needs input '${name}', which was not given`);
    checkTensor(name, tensor, expected);
    feeds[name] = toOrtTensor(runtime, tensor);
  }
  return feeds;
}

function checkTensor(name: string, tensor: Tensor, expected: InputMetadata): void {
  if (tensor.data.length !== elementCount(tensor.shape))
    throw unfit(
      `input '${name}' has ${tensor.data.length} values, its shape [${tensor.shape}] wants ${elementCount(tensor.shape)}`,
    );
  if (tensor.dtype !== expected.type)
    throw unfit(`input '${name}' is ${tensor.dtype}, the model wants ${expected.type}`);
  // onnxruntime gives an empty shape where the model declares none.
  if (expected.shape.length === 0) return;
  const fits =
    tensor.shape.length === expected.shape.length &&
    expected.shape.every((size, axis) => typeof size === 'string' || size === tensor.shape[axis]);
  if (!fits) {
    const wanted = expected.shape.map((size) => size || '?');
    throw unfit(`input '${name}' has shape [${tensor.shape}], the model wants [${wanted}]`);
  }
}

async function runSession(
  session: Ort.InferenceSession,
  feeds: Record<string, Ort.Tensor>,
  outputs: readonly string[],
): Promise<Ort.InferenceSession.ReturnType> {
  if (outputs.length === 0) return {};
  try {
    return await session.run(feeds, outputs);
  } catch (cause) {
    throw new AffinisError(
      'internal',
      "[backend-onnx] the model's run failed; the server's log has onnxruntime's message",
      {
        reason: 'RUN_FAILED',
        cause,
      },
    );
  }
}

function toOrtTensor(runtime: Runtime, tensor: Tensor): Ort.Tensor {
  switch (tensor.dtype) {
    case 'float32':
      return new runtime.Tensor('float32', tensor.data, tensor.shape);
    case 'uint8':
      return new runtime.Tensor('uint8', tensor.data, tensor.shape);
    case 'int32':
      return new runtime.Tensor('int32', tensor.data, tensor.shape);
    case 'int64':
      return new runtime.Tensor('int64', tensor.data, tensor.shape);
  }
}

function toTensor(name: string, value: Ort.Tensor | undefined): Tensor {
  const shape = value?.dims ?? [];
  const data = value?.data;
  if (data instanceof Float32Array) return { dtype: 'float32', shape, data };
  if (data instanceof Uint8Array) return { dtype: 'uint8', shape, data };
  if (data instanceof Int32Array) return { dtype: 'int32', shape, data };
  if (data instanceof BigInt64Array) return { dtype: 'int64', shape, data };
  throw unfit(`output '${name}' is ${value?.type ?? 'not a tensor'}; only float32, uint8, int32 and int64 can be read`);
}

function tensorMetadata(metadata: Ort.InferenceSession.ValueMetadata): InputMetadata {
  if (metadata.isTensor) return metadata;
  throw unfit(
    `input '${metadata.name}' is not a tensor (a sequence, map or optional); export the model with tensor inputs`,
  );
}

function unfit(problem: string): AffinisError {
  return new AffinisError('failed-precondition', `[backend-onnx] ${problem}`, { reason: 'MODEL_MISMATCH' });
}

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');
