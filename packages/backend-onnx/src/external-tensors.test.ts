import { refuseExternalTensors } from './external-tensors.ts';
import { type TinyNode, tinyAttribute, tinyGraph, tinyModel, tinyTensor, wrap } from './testing/tiny-model.ts';

const x = { name: 'x', type: 'float32', shape: ['N'] } as const;
const y = { name: 'y', type: 'float32', shape: ['N'] } as const;
const outside = tinyTensor('weight', [1, 2], '../outside.bin');
const inside = tinyTensor('weight', [1, 2]);
const identity: TinyNode = { operator: 'Identity', inputs: ['x'], outputs: ['y'] };
const modelOf = (node: TinyNode) => tinyModel({ nodes: [node], inputs: [x], outputs: [y] });
const withAttribute = (attribute: Uint8Array): TinyNode => ({ ...identity, attributes: [attribute] });
const encodedNode = (attribute: Uint8Array) =>
  tinyGraph({ nodes: [withAttribute(attribute)], inputs: [], outputs: [] });

const places: Record<string, (tensor: Uint8Array) => Uint8Array> = {
  'an initialiser': (tensor) => tinyModel({ nodes: [identity], inputs: [x], outputs: [y], initializers: [tensor] }),
  "a node's attribute": (tensor) => modelOf(withAttribute(tinyAttribute('value', 'tensor', tensor))),
  "a list in a node's attribute": (tensor) => modelOf(withAttribute(wrap(10, tensor))),
  'a subgraph': (tensor) =>
    modelOf(
      withAttribute(
        tinyAttribute('body', 'graph', tinyGraph({ nodes: [], inputs: [], outputs: [], initializers: [tensor] })),
      ),
    ),
  'the values of a sparse attribute': (tensor) => modelOf(withAttribute(wrap(22, wrap(1, tensor)))),
  'the indices of a sparse initialiser': (tensor) => wrap(7, wrap(15, wrap(2, tensor))),
  // A FunctionProto keeps its nodes in field 7, a GraphProto in field 1.
  'a function': (tensor) => joined(modelOf(identity), wrap(25, wrap(7, wrap(5, wrap(5, tensor))))),
  "a function's default attribute": (tensor) => joined(modelOf(identity), wrap(25, wrap(11, wrap(5, tensor)))),
  'a second copy of the graph': (tensor) =>
    joined(modelOf(identity), wrap(7, encodedNode(tinyAttribute('value', 'tensor', tensor)))),
  'training information': (tensor) => joined(modelOf(identity), wrap(20, wrap(1, wrap(5, tensor)))),
};

describe('external tensors', () => {
  it.each(Object.keys(places))('are refused in %s', (place) => {
    const model = places[place];
    expect(() => model?.(outside) && refuseExternalTensors(model(outside))).toThrow(
      expect.objectContaining({ code: 'failed-precondition', reason: 'EXTERNAL_TENSORS' }),
    );
    expect(() => model && refuseExternalTensors(model(inside))).not.toThrow();
  });

  it('are refused by data_location alone and by external_data alone', () => {
    const inInitialiser = (tensor: Uint8Array) => wrap(7, wrap(5, tensor));
    expect(() => refuseExternalTensors(inInitialiser(Uint8Array.of((14 << 3) | 0, 1)))).toThrow('other files');
    expect(() => refuseExternalTensors(inInitialiser(wrap(13, new Uint8Array(0))))).toThrow('other files');
    expect(() => refuseExternalTensors(inInitialiser(Uint8Array.of((14 << 3) | 0, 0)))).not.toThrow();
  });

  it.each([
    ['empty', new Uint8Array(0), 'holds no graph'],
    ['text', new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\n'), 'not an ONNX model'],
    ['cut off', modelOf(identity).subarray(0, 20), 'does not parse'],
    ['in ORT format', new TextEncoder().encode('\0\0\0\0ORTMxxxx'), 'ORT format'],
  ])('a file that is %s is no model', (_, bytes, message) => {
    expect(() => refuseExternalTensors(bytes)).toThrow(
      expect.objectContaining({
        code: 'failed-precondition',
        reason: 'BAD_MODEL',
        message: expect.stringContaining(message),
      }),
    );
  });
});

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
