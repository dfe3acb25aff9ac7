import assert from 'node:assert/strict';
import { AffinisError, type Artefact, type Backend, type Session, type Tensor, type Tensors } from '@affinis/core';
import { globalRunner, type TestRunner } from './test-runner.ts';

/** A model that the backend can load, with a run of at least two rows and what must come out. */
export interface BackendFixture {
  readonly artefact: Artefact;
  /** Every input, with its rows along the first axis. */
  readonly inputs: Tensors;
  /** Expected outputs, all or some of the model's. */
  readonly outputs: Tensors;
  /** Largest absolute difference from `outputs`. Default 1e-5. */
  readonly tolerance?: number;
  /** False where a row's result depends on its batch mates (dynamic int8). Default true. */
  readonly rowsIndependent?: boolean;
  readonly runner?: TestRunner;
}

/** Declares the suite that every backend must pass; loads the fixture's model once a test. */
export function backendConformance(createBackend: () => Backend, fixture: BackendFixture): void {
  const { describe, it } = fixture.runner ?? globalRunner();
  const { inputs, outputs, tolerance = 1e-5 } = fixture;
  const wanted = Object.keys(outputs);
  const withSession = (check: (session: Session) => Promise<void>) => async () => {
    const session = await createBackend().load(fixture.artefact, { threads: 1 });
    try {
      await check(session);
    } finally {
      await session.dispose();
    }
  };

  describe(`backend conformance: ${createBackend().id}`, () => {
    it(
      'names the inputs and outputs of the model',
      withSession(async (session) => {
        assert.deepEqual([...session.inputNames].sort(), Object.keys(inputs).sort());
        for (const name of wanted) assert.ok(session.outputNames.includes(name), `no output '${name}'`);
      }),
    );

    it(
      'computes the expected outputs',
      withSession(async (session) => assertTensorsClose(await session.run(inputs, wanted), outputs, tolerance)),
    );

    it(
      'gives the outputs that are asked for, whatever their order and that of the inputs',
      withSession(async (session) => {
        const reversedInputs = Object.fromEntries(Object.entries(inputs).reverse());
        assertTensorsClose(await session.run(reversedInputs, wanted.toReversed()), outputs, tolerance);
        for (const name of wanted) {
          const only = await session.run(inputs, [name]);
          assert.deepEqual(Object.keys(only), [name]);
        }
      }),
    );

    it(
      'gives the same digits again',
      withSession(async (session) => {
        const first = await session.run(inputs, wanted);
        assertTensorsClose(await session.run(inputs, wanted), first, 0);
      }),
    );

    if (fixture.rowsIndependent ?? true)
      it(
        'computes every row as if it were alone',
        withSession(async (session) => {
          for (let row = 0; row < rowCount(inputs); row++)
            assertTensorsClose(await session.run(rowOf(inputs, row), wanted), rowOf(outputs, row), tolerance);
        }),
      );

    it(
      'refuses an unknown or missing input and an unknown output, and goes on',
      withSession(async (session) => {
        const [name = '', tensor] = Object.entries(inputs)[0] ?? [];
        const { [name]: _, ...missing } = inputs;
        await assertRefused(
          session.run({ ...inputs, ...(tensor ? { 'no-such-input': tensor } : {}) }, wanted),
          'no-such-input',
        );
        await assertRefused(session.run(missing, wanted), name);
        await assertRefused(session.run(inputs, ['no-such-output']), 'no-such-output');
        assertTensorsClose(await session.run(inputs, wanted), outputs, tolerance);
      }),
    );

    it(
      'leaves inputs as they are, and gives outputs that own their memory',
      withSession(async (session) => {
        const own = structuredClone(inputs);
        const first = await session.run(own, wanted);
        assertTensorsClose(own, inputs, 0);
        for (const { data } of Object.values(own))
          new Uint8Array(data.buffer, data.byteOffset, data.byteLength).fill(0);
        await session.run(own, wanted);
        assertTensorsClose(first, outputs, tolerance);
        // Core moves results to another thread.
        const buffers = Object.values(first).map((tensor) => tensor.data.buffer as ArrayBuffer);
        assert.equal(new Set(buffers).size, wanted.length, 'outputs share a buffer');
        assertTensorsClose(structuredClone(first, { transfer: buffers }), outputs, tolerance);
        assertTensorsClose(await session.run(inputs, wanted), outputs, tolerance);
      }),
    );

    it(
      'keeps sessions apart, and disposes of one twice without harm',
      withSession(async (session) => {
        const other = await createBackend().load(fixture.artefact, { threads: 1 });
        await other.dispose();
        await other.dispose();
        assertTensorsClose(await session.run(inputs, wanted), outputs, tolerance);
      }),
    );

    it('refuses a damaged artefact', async () => {
      const bytes = Uint8Array.of(0xff, 0xfe, 0xfd, 0xfc, 0, 0, 0, 0);
      await assertRefused(createBackend().load({ path: fixture.artefact.path, bytes }, { threads: 1 }), '');
    });
  });
}

const rowCount = (tensors: Tensors): number => Object.values(tensors)[0]?.shape[0] ?? 0;

function rowOf(tensors: Tensors, row: number): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      const size = tensor.data.length / (tensor.shape[0] ?? 1);
      const data = tensor.data.slice(row * size, (row + 1) * size);
      return [name, { ...tensor, shape: [1, ...tensor.shape.slice(1)], data } as Tensor];
    }),
  );
}

function assertTensorsClose(actual: Tensors, expected: Tensors, tolerance: number): void {
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort());
  for (const [name, wanted] of Object.entries(expected)) {
    const tensor = actual[name];
    assert.ok(tensor, `no tensor '${name}'`);
    assert.equal(tensor.dtype, wanted.dtype);
    assert.deepEqual([...tensor.shape], [...wanted.shape]);
    assert.equal(tensor.data.length, wanted.data.length);
    tensor.data.forEach((value: number | bigint, index: number) => {
      const difference = Math.abs(Number(value) - Number(wanted.data[index]));
      assert.ok(difference <= tolerance, `'${name}' differs by ${difference} at ${index}`);
    });
  }
}

async function assertRefused(work: Promise<unknown>, mentioned: string): Promise<void> {
  await assert.rejects(work, (thrown) => {
    assert.ok(thrown instanceof AffinisError);
    assert.equal(thrown.code, 'failed-precondition');
    assert.match(thrown.message, /^\[[a-z-]+\] /);
    assert.ok(thrown.message.includes(mentioned), `'${thrown.message}' does not name '${mentioned}'`);
    return true;
  });
}
