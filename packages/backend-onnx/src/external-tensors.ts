import { AffinisError } from '@affinis/core';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/**
 * Refuses a model that keeps tensors in other files: onnxruntime would read them from paths that the model names, past
 * the check of the artefact's digest. Walks every place of ONNX's `ModelProto` that can hold a tensor.
 */
export function refuseExternalTensors(model: Uint8Array): void {
  // onnxruntime also takes its own FlatBuffers format, which this walk cannot check.
  if (String.fromCharCode(...model.subarray(4, 8)) === 'ORTM') throw notOnnx('it is in ORT format');
  let sawGraph = false;
  const pending: Message[] = [{ type: 'model', bytes: model }];
  for (let message = pending.pop(); message; message = pending.pop()) {
    if (message.type === 'graph') sawGraph = true;
    readMessage(message, pending);
  }
  if (!sawGraph) throw notOnnx('it holds no graph');
}

type MessageType = keyof typeof children;

interface Message {
  readonly type: MessageType;
  readonly bytes: Uint8Array;
}

/** Field numbers of onnx.proto3 that lead to tensors. */
const children = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparseTensor' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparseTensor', 23: 'sparseTensor' },
  sparseTensor: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
} as const;

const externalData = 13;
const dataLocation = 14;

function readMessage({ type, bytes }: Message, pending: Message[]): void {
  const childTypes: Readonly<Record<number, MessageType>> = children[type];
  const reader = new BinaryReader(bytes);
  try {
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      const child = wireType === WireType.LengthDelimited ? childTypes[field] : undefined;
      if (child) pending.push({ type: child, bytes: reader.bytes() });
      else if (type === 'tensor' && field === externalData) throw external();
      else if (type === 'tensor' && field === dataLocation && wireType === WireType.Varint) {
        if (reader.int32() !== 0) throw external();
      } else reader.skip(wireType, field);
    }
  } catch (cause) {
    if (cause instanceof AffinisError) throw cause;
    throw notOnnx('it does not parse', cause);
  }
}

function external(): AffinisError {
  return new AffinisError(
    'failed-precondition',
    '[backend-onnx] the model keeps tensors in other files; save it in one file (`onnx.save(model, path, save_as_external_data=False)`)',
    { reason: 'EXTERNAL_TENSORS' },
  );
}

function notOnnx(why: string, cause?: unknown): AffinisError {
  return new AffinisError('failed-precondition', `[backend-onnx] the file is not an ONNX model: ${why}`, {
    reason: 'BAD_MODEL',
    cause,
  });
}
