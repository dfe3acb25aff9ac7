import { backendConformance } from '@affinis/conformance';
import { type Artefact, float32, int64, type Session, type Tensor } from '@affinis/core';
import { type EngineKind, startEngine } from '../engine/index.ts';
import { createTfjsBackend } from '../index.ts';
import { float, placeholder, sumModel, tinyGraphModel, tinyLayersModel } from './tiny-models.ts';

const int32 = (shape: readonly number[], ...values: readonly number[]): Tensor => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(values),
});

/** Declares what holds on every engine; one engine a test file, since a thread has one. */
export function checkEngine(engine: EngineKind): void {
  const backend = createTfjsBackend({ engine });
  const load = (artefact: Artefact) => backend.load(artefact, { threads: 1 });
  const tensors = async () => (await startEngine(engine, 1)).tf.memory().numTensors;
  const x = float32([3, 2], Float32Array.of(1, 2, 3, 4, 5, 6));

  backendConformance(() => backend, {
    artefact: sumModel(),
    inputs: { x, ids: int32([3, 1], 1, 2, -3) },
    outputs: {
      sum: float32([3, 2], Float32Array.of(11, 22, 13, 24, 15, 26)),
      twice: int32([3, 1], 2, 4, -6),
      same: x,
    },
  });

  backendConformance(() => backend, {
    artefact: tinyLayersModel([1, 10, 2, 20]),
    inputs: { sums_input: x },
    outputs: { sums: float32([3, 2], Float32Array.of(5, 50, 11, 110, 17, 170)) },
  });

  describe(`tfjs on ${engine}`, () => {
    it('runs on this engine', async () => {
      expect((await startEngine(engine, 1)).kind).toBe(engine);
    });

    it('keeps no tensor of a run, a refusal or a disposed model', async () => {
      await (await load(sumModel())).dispose();
      const before = await tensors();
      for (const artefact of [sumModel(), tinyLayersModel([1, 2, 3, 4]), dynamicModel(), constantModel()]) {
        const session = await load(artefact);
        const loaded = await tensors();
        const inputs = inputsOf(session);
        for (let run = 0; run < 5; run++) {
          await session.run(inputs, session.outputNames);
          await session.run(inputs, session.outputNames.slice(0, 1));
          await expect(session.run({}, session.outputNames)).rejects.toThrow('needs input');
        }
        expect(await tensors()).toBe(loaded);
        await session.dispose();
        expect(await tensors()).toBe(before);
      }
    });

    it('runs graphs whose outputs have no known size', async () => {
      const session = await load(dynamicModel());
      const { where } = await session.run({ x: float32([2, 2], Float32Array.of(0, 3, 4, 0)) }, ['where']);
      expect(where).toEqual(int32([2, 2], 0, 1, 1, 0));
      await session.dispose();
    });

    it('gives weights as outputs and keeps them', async () => {
      const session = await load(constantModel());
      for (let run = 0; run < 2; run++)
        expect((await session.run(inputsOf(session), ['weight'])).weight?.data).toEqual(Float32Array.of(10, 20));
      await session.dispose();
    });

    it('speaks the names of the signature', async () => {
      const session = await load(
        tinyGraphModel({
          nodes: [
            placeholder('serving_x', float, -1, 2),
            { name: 'Identity', op: 'Neg', input: ['serving_x'], attr: { T: float } },
          ],
          signature: { inputs: { x: 'serving_x:0' }, outputs: { negative: 'Identity:0' } },
        }),
      );
      expect([session.inputNames, session.outputNames]).toEqual([['x'], ['negative']]);
      const { negative } = await session.run({ x }, ['negative']);
      expect(negative).toEqual(float32([3, 2], Float32Array.of(-1, -2, -3, -4, -5, -6)));
      await session.dispose();
    });

    it('takes whole numbers of any width for int32, and inputs that begin inside a larger buffer', async () => {
      const session = await load(sumModel());
      const ids = int64([3, 1], BigInt64Array.of(99n, 7n, -(2n ** 30n), 2n).subarray(1));
      const view = float32([3, 2], Float32Array.of(99, 1, 2, 3, 4, 5, 6).subarray(1));
      const { sum, twice } = await session.run({ x: view, ids }, ['sum', 'twice']);
      expect(sum?.data).toEqual(Float32Array.of(11, 22, 13, 24, 15, 26));
      expect(twice).toEqual(int32([3, 1], 14, -(2 ** 31), 4));
      const bytes: Tensor = { dtype: 'uint8', shape: [3, 1], data: Uint8Array.of(255, 1, 2) };
      expect((await session.run({ x, ids: bytes }, ['twice'])).twice).toEqual(int32([3, 1], 510, 2, 4));
      await session.dispose();
    });

    const ids = int32([3, 1], 1, 2, 3);
    it.each<[Record<string, Tensor>, string]>([
      [{ x: float32([2, 3], new Float32Array(6)), ids }, "input 'x' has shape [2,3], the model wants [?,2]"],
      [{ x: float32([6], new Float32Array(6)), ids }, 'has shape [6]'],
      [{ x: float32([3, 2], new Float32Array(5)), ids }, 'has 5 values'],
      [{ x: int32([3, 2], 1, 2, 3, 4, 5, 6), ids }, "input 'x' is int32, the model wants float32"],
      [{ x, ids: float32([3, 1], new Float32Array(3)) }, "input 'ids' is float32, the model wants int32"],
      [{ x, ids: int64([3, 1], BigInt64Array.of(1n, 2n ** 31n, 2n)) }, 'beyond 32 bits'],
    ])('refuses what does not fit the model (%#)', async (inputs, message) => {
      const session = await load(sumModel());
      const refused = session.run(inputs, ['sum']);
      await expect(refused).rejects.toMatchObject({
        code: 'failed-precondition',
        message: expect.stringContaining(message),
      });
      await session.dispose();
      await expect(session.run({ x, ids }, ['sum'])).rejects.toThrow('disposed');
    });

    it('takes no other engine into the same thread', async () => {
      await startEngine(engine, 1);
      const other = createTfjsBackend({ engine: engine === 'wasm' ? 'native' : 'wasm' });
      await expect(other.load(sumModel(), { threads: 1 })).rejects.toMatchObject({ reason: 'ENGINE_RUNNING' });
    });

    it('says which operator TensorFlow.js lacks', async () => {
      const unknown = tinyGraphModel({
        nodes: [placeholder('x', float, -1), { name: 'y', op: 'NoSuchOp', input: ['x'] }],
      });
      const session = await load(unknown);
      await expect(session.run({ x: float32([1], Float32Array.of(1)) }, ['y'])).rejects.toMatchObject({
        reason: 'RUN_FAILED',
        cause: expect.objectContaining({ message: expect.stringContaining('NoSuchOp') }),
      });
      await session.dispose();
    });

    it('refuses weights that are cut short', async () => {
      const whole = sumModel();
      const short = { ...whole, files: new Map(whole.files).set('parts/two.bin', new Uint8Array(2)) };
      await expect(load(short)).rejects.toMatchObject({ code: 'failed-precondition', reason: 'BAD_MODEL' });
    });
  });
}

const inputsOf = ({ inputNames }: Session) =>
  Object.fromEntries(
    inputNames.map((name) => [
      name,
      name === 'ids' ? int32([2, 1], 1, 2) : float32([2, 2], Float32Array.of(1, 0, 3, 4)),
    ]),
  );

/** The places of x that are not 0: how many is known only when it has run. */
const dynamicModel = () =>
  tinyGraphModel({
    nodes: [
      placeholder('x', float, -1, 2),
      { name: 'nonzero', op: 'NotEqual', input: ['x', 'zero'], attr: { T: float } },
      { name: 'where', op: 'Where', input: ['nonzero'], attr: { T: { type: 'DT_BOOL' } } },
    ],
    weights: { zero: [0] },
  });

/** An output that is a weight itself, and one that is computed. */
const constantModel = () =>
  tinyGraphModel({
    nodes: [placeholder('x', float, -1, 2), { name: 'sum', op: 'AddV2', input: ['x', 'weight'], attr: { T: float } }],
    weights: { weight: [10, 20] },
    signature: { inputs: { x: 'x:0' }, outputs: { weight: 'weight:0', sum: 'sum:0' } },
  });
