import { float32, int64, type Session } from '@affinis/core';
import plugin, { onnxBackend } from './index.ts';
import { tinyModel, tinyTensor } from './testing/tiny-model.ts';

/** sum = x + weight, twice = ids + ids. */
const model = tinyModel({
  nodes: [
    { operator: 'Add', inputs: ['x', 'weight'], outputs: ['sum'] },
    { operator: 'Add', inputs: ['ids', 'ids'], outputs: ['twice'] },
  ],
  inputs: [
    { name: 'x', type: 'float32', shape: ['N', 2] },
    { name: 'ids', type: 'int64', shape: ['N'] },
  ],
  outputs: [
    { name: 'sum', type: 'float32', shape: ['N', 2] },
    { name: 'twice', type: 'int64', shape: ['N'] },
  ],
  initializers: [tinyTensor('weight', [10, 20])],
});

const load = (bytes: Uint8Array) => onnxBackend.load({ path: '/nowhere/model.onnx', bytes }, { threads: 1 });
const x = float32([2, 2], Float32Array.of(1, 2, 3, 4));
const ids = int64([2], BigInt64Array.of(7n, -(2n ** 60n)));

describe('onnx backend', () => {
  let session: Session;
  beforeAll(async () => {
    session = await load(model);
  });
  afterAll(() => session.dispose());

  it('is what the plugin offers', () => {
    expect(plugin.backends).toEqual([onnxBackend]);
  });

  it('names inputs and outputs in the order of the model', () => {
    expect(session.inputNames).toEqual(['x', 'ids']);
    expect(session.outputNames).toEqual(['sum', 'twice']);
  });

  it('runs float32 and int64 tensors', async () => {
    expect(await session.run({ ids, x }, ['twice', 'sum'])).toEqual({
      sum: float32([2, 2], Float32Array.of(11, 22, 13, 24)),
      twice: int64([2], BigInt64Array.of(14n, -(2n ** 61n))),
    });
  });

  it('reads inputs that begin inside a larger buffer', async () => {
    const view = new Float32Array([99, 99, 1, 2, 3, 4, 99]).subarray(2, 6);
    const { sum } = await session.run({ ids, x: float32([2, 2], view) }, ['sum']);
    expect(sum?.data).toEqual(Float32Array.of(11, 22, 13, 24));
  });

  it.each([
    [{ x, ids, y: x }, ['sum'], "model has no input 'y'; it has 'x', 'ids'"],
    [{ x }, ['sum'], "model needs input 'ids'"],
    [{ x, ids }, ['mean'], "model has no output 'mean'; it has 'sum', 'twice'"],
    [{ x: float32([2, 3], new Float32Array(6)), ids }, ['sum'], "input 'x' has shape [2,3], the model wants [N,2]"],
    [{ x: float32([4], new Float32Array(4)), ids }, ['sum'], 'has shape [4]'],
    [{ x: float32([2, 2], new Float32Array(3)), ids }, ['sum'], 'has 3 values'],
    [{ x: int64([2, 2], new BigInt64Array(4)), ids }, ['sum'], "input 'x' is int64, the model wants float32"],
  ])('refuses what does not fit the model (%#)', async (inputs, outputs, message) => {
    await expect(session.run(inputs, outputs)).rejects.toMatchObject({
      code: 'failed-precondition',
      message: expect.stringContaining(message),
    });
  });

  it('still runs after a refusal, and refuses after dispose', async () => {
    const own = await load(model);
    await expect(own.run({}, ['sum'])).rejects.toThrow("needs input 'x'");
    await expect(own.run({ x, ids }, ['sum'])).resolves.toBeDefined();
    await own.dispose();
    await own.dispose();
    await expect(own.run({ x, ids }, ['sum'])).rejects.toThrow('disposed');
  });

  it('refuses types that core has no tensor for', async () => {
    const double = { type: 'float64', shape: [1] } as const;
    const own = await load(
      tinyModel({
        nodes: [{ operator: 'Cast', inputs: ['x'], outputs: ['y'], attributes: [castTo(11)] }],
        inputs: [{ name: 'x', type: 'float32', shape: [1] }],
        outputs: [{ name: 'y', ...double }],
      }),
    );
    await expect(own.run({ x: float32([1], Float32Array.of(1)) }, ['y'])).rejects.toThrow("output 'y' is float64");
    await own.dispose();
  });
});

describe('loading', () => {
  it('refuses an operator that onnxruntime does not know', async () => {
    const unknown = tinyModel({
      nodes: [{ operator: 'NoSuchOperator', inputs: ['x'], outputs: ['y'] }],
      inputs: [{ name: 'x', type: 'float32', shape: [1] }],
      outputs: [{ name: 'y', type: 'float32', shape: [1] }],
    });
    await expect(load(unknown)).rejects.toMatchObject({ code: 'failed-precondition', reason: 'BAD_MODEL' });
  });

  it('refuses a damaged file', async () => {
    await expect(load(model.subarray(0, model.length - 30))).rejects.toMatchObject({ code: 'failed-precondition' });
    await expect(load(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: 'failed-precondition' });
  });

  it('refuses external tensors before onnxruntime sees them', async () => {
    const outside = tinyModel({
      nodes: [{ operator: 'Add', inputs: ['x', 'weight'], outputs: ['y'] }],
      inputs: [{ name: 'x', type: 'float32', shape: [2] }],
      outputs: [{ name: 'y', type: 'float32', shape: [2] }],
      initializers: [tinyTensor('weight', [1, 2], 'weights.bin')],
    });
    await expect(load(outside)).rejects.toMatchObject({ code: 'failed-precondition', reason: 'EXTERNAL_TENSORS' });
  });
});

/** AttributeProto `to` (integer, kind 2) of `Cast`. */
const castTo = (elementType: number): Uint8Array =>
  Uint8Array.of(0x0a, 2, 0x74, 0x6f, 0x18, elementType, 0xa0, 0x01, 2);
