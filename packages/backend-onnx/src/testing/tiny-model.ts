import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** ONNX's numbers for element types. */
const elementTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, float64: 11 } as const;

export interface TinyValue {
  readonly name: string;
  readonly type: keyof typeof elementTypes;
  /** A text is a free dimension. */
  readonly shape: readonly (number | string)[];
}

export interface TinyNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Encoded `AttributeProto`s. */
  readonly attributes?: readonly Uint8Array[];
}

export interface TinyModel {
  readonly nodes: readonly TinyNode[];
  readonly inputs: readonly TinyValue[];
  readonly outputs: readonly TinyValue[];
  /** Encoded `TensorProto`s. */
  readonly initializers?: readonly Uint8Array[];
}

/** Writes an ONNX `ModelProto` (opset 17) by hand, so that tests need no model files. */
export function tinyModel(model: TinyModel): Uint8Array {
  return message((writer) => {
    writer.uint32(tag(1, 0)).int64(8); // ir_version
    writer.uint32(tag(7, 2)).bytes(tinyGraph(model));
    writer.uint32(tag(8, 2)).bytes(message((opset) => opset.uint32(tag(2, 0)).int64(17)));
  });
}

export function tinyGraph({ nodes, inputs, outputs, initializers = [] }: TinyModel): Uint8Array {
  return message((writer) => {
    for (const node of nodes) writer.uint32(tag(1, 2)).bytes(encodeNode(node));
    writer.uint32(tag(2, 2)).string('tiny');
    for (const tensor of initializers) writer.uint32(tag(5, 2)).bytes(tensor);
    for (const value of inputs) writer.uint32(tag(11, 2)).bytes(encodeValue(value));
    for (const value of outputs) writer.uint32(tag(12, 2)).bytes(encodeValue(value));
  });
}

/** `external` names the file that the tensor claims to lie in. */
export function tinyTensor(name: string, values: readonly number[], external?: string): Uint8Array {
  return message((writer) => {
    writer.uint32(tag(1, 0)).int64(values.length);
    writer.uint32(tag(2, 0)).int32(elementTypes.float32);
    writer.uint32(tag(8, 2)).string(name);
    if (external === undefined) {
      writer.uint32(tag(9, 2)).bytes(new Uint8Array(Float32Array.from(values).buffer));
      return;
    }
    const entry = message((location) => {
      location.uint32(tag(1, 2)).string('location');
      location.uint32(tag(2, 2)).string(external);
    });
    writer.uint32(tag(13, 2)).bytes(entry);
    writer.uint32(tag(14, 0)).int32(1);
  });
}

/** An `AttributeProto` of ONNX's kind 4 (tensor, field 5) or 5 (graph, field 6). */
export function tinyAttribute(name: string, kind: 'tensor' | 'graph', value: Uint8Array): Uint8Array {
  return message((writer) => {
    writer.uint32(tag(1, 2)).string(name);
    writer.uint32(tag(kind === 'tensor' ? 5 : 6, 2)).bytes(value);
    writer.uint32(tag(20, 0)).int32(kind === 'tensor' ? 4 : 5);
  });
}

/** One field with an encoded message as its value. */
export const wrap = (field: number, bytes: Uint8Array): Uint8Array =>
  message((writer) => writer.uint32(tag(field, 2)).bytes(bytes));

function encodeNode(node: TinyNode): Uint8Array {
  return message((writer) => {
    for (const name of node.inputs) writer.uint32(tag(1, 2)).string(name);
    for (const name of node.outputs) writer.uint32(tag(2, 2)).string(name);
    writer.uint32(tag(4, 2)).string(node.operator);
    for (const attribute of node.attributes ?? []) writer.uint32(tag(5, 2)).bytes(attribute);
  });
}

function encodeValue({ name, type, shape }: TinyValue): Uint8Array {
  const dimensions = message((writer) => {
    for (const size of shape)
      writer.uint32(tag(1, 2)).bytes(
        message((dimension) => {
          if (typeof size === 'number') dimension.uint32(tag(1, 0)).int64(size);
          else dimension.uint32(tag(2, 2)).string(size);
        }),
      );
  });
  const tensorType = message((writer) => {
    writer.uint32(tag(1, 0)).int32(elementTypes[type]);
    writer.uint32(tag(2, 2)).bytes(dimensions);
  });
  return message((writer) => {
    writer.uint32(tag(1, 2)).string(name);
    writer.uint32(tag(2, 2)).bytes(wrap(1, tensorType));
  });
}

function message(write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
}

const tag = (field: number, wireType: 0 | 2): number => ((field << 3) | wireType) >>> 0;
