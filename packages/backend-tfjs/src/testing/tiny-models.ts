import type { Artefact } from '@affinis/core';

/** One node of a TensorFlow graph; an attribute as its protobuf is written in JSON. */
interface Node {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, object>>;
}

interface TinyGraph {
  readonly nodes: readonly Node[];
  /** float32 constants by the name of their node. */
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  /** Names that callers use, by what the graph calls them. */
  readonly signature?: {
    readonly inputs: Readonly<Record<string, string>>;
    readonly outputs: Readonly<Record<string, string>>;
  };
}

/** A graph model with its weights in two files, so that a tensor lies across their border. */
export function tinyGraphModel({ nodes, weights = {}, signature }: TinyGraph): Artefact {
  const constants = Object.entries(weights).map(([name, { length }]) => ({
    name,
    op: 'Const',
    attr: { dtype: float, shape: shape(length) },
  }));
  const info = (names: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(names).map(([key, name]) => [key, { name }]));
  return withWeights(weights, {
    format: 'graph-model',
    modelTopology: { node: [...constants, ...nodes], versions: { producer: 1 } },
    ...(signature ? { signature: { inputs: info(signature.inputs), outputs: info(signature.outputs) } } : {}),
  });
}

/** A Keras model of one dense layer without bias, from two numbers to two. */
export function tinyLayersModel(kernel: readonly [number, number, number, number]): Artefact {
  const dense = {
    name: 'sums',
    units: 2,
    use_bias: false,
    activation: 'linear',
    batch_input_shape: [null, 2],
    dtype: 'float32',
  };
  return withWeights(
    { 'sums/kernel': kernel },
    {
      format: 'layers-model',
      modelTopology: {
        keras_version: '2.1.6',
        backend: 'tensor_flow.js',
        model_config: {
          class_name: 'Sequential',
          config: { name: 'tiny', layers: [{ class_name: 'Dense', config: dense }] },
        },
      },
    },
    [2, 2],
  );
}

function withWeights(
  weights: Readonly<Record<string, readonly number[]>>,
  model: object,
  kernelShape?: readonly number[],
): Artefact {
  const specs = Object.entries(weights).map(([name, { length }]) => ({
    name,
    shape: kernelShape ?? [length],
    dtype: 'float32',
  }));
  const bytes = new Uint8Array(Float32Array.from(Object.values(weights).flat()).buffer);
  const weightsManifest = bytes.length === 0 ? [] : [{ paths: ['one.bin', 'parts/two.bin'], weights: specs }];
  return {
    path: '/nowhere/model.json',
    bytes: new TextEncoder().encode(JSON.stringify({ ...model, weightsManifest })),
    files: new Map([
      ['one.bin', bytes.subarray(0, 3)],
      ['parts/two.bin', bytes.subarray(3)],
    ]),
  };
}

export const float = { type: 'DT_FLOAT' };
export const int = { type: 'DT_INT32' };
export const shape = (...sizes: readonly number[]) => ({ shape: { dim: sizes.map((size) => ({ size: `${size}` })) } });
export const placeholder = (name: string, dtype: object, ...sizes: readonly number[]): Node => ({
  name,
  op: 'Placeholder',
  attr: { dtype, shape: shape(...sizes) },
});

/** sum = x + [10, 20], twice = ids + ids, same = x. */
export const sumModel = (): Artefact =>
  tinyGraphModel({
    nodes: [
      placeholder('x', float, -1, 2),
      placeholder('ids', int, -1, 1),
      { name: 'sum', op: 'AddV2', input: ['x', 'weight'], attr: { T: float } },
      { name: 'twice', op: 'AddV2', input: ['ids', 'ids'], attr: { T: int } },
      { name: 'same', op: 'Identity', input: ['x'], attr: { T: float } },
    ],
    weights: { weight: [10, 20] },
  });
