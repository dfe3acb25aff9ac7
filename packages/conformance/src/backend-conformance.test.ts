import { AffinisError, type Backend, float32, type Session } from '@affinis/core';
import { backendConformance } from './backend-conformance.ts';
import { collectingRunner } from './collecting-runner.ts';

/** `y = 2 x`, in plain code. */
function doubling(overrides: Partial<Session> = {}): Backend {
  return {
    id: 'doubling',
    async load({ bytes }) {
      if (bytes.length !== 1) throw new AffinisError('failed-precondition', '[doubling] the artefact is damaged');
      return { inputNames: ['x'], outputNames: ['y'], run: runWith(doubled), async dispose() {}, ...overrides };
    },
  };
}

const doubled = (x: Float32Array): Float32Array => x.map((value) => 2 * value);

/** A run that checks names and computes `y` from `x`. */
function runWith(compute: (x: Float32Array, rows: number) => Float32Array): Session['run'] {
  return async (inputs, outputs) => {
    for (const name of [...Object.keys(inputs), ...outputs]) if (name !== 'x' && name !== 'y') throw refusal(name);
    const { x } = inputs;
    if (x?.dtype !== 'float32') throw refusal('x');
    return { y: float32(x.shape, compute(x.data, x.shape[0] ?? 0)) };
  };
}

const refusal = (name: string) => new AffinisError('failed-precondition', `[doubling] cannot use '${name}'`);

const x = { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } as const;
const fixture = {
  artefact: { path: '/nowhere', bytes: Uint8Array.of(1) },
  inputs: { x },
  outputs: { y: float32([2, 2], Float32Array.of(2, 4, 6, 8)) },
};

function failuresOf(backend: Backend): Promise<readonly string[]> {
  const { runner, failures } = collectingRunner();
  backendConformance(() => backend, { ...fixture, runner });
  return failures();
}

describe('the backend suite', () => {
  it('passes a sound backend', async () => {
    expect(await failuresOf(doubling())).toEqual([]);
  });

  const shared = new Float32Array(4);
  const broken: [string, Session['run'], string][] = [
    ['outputs in one reused buffer', runWith((x) => reuse(shared, doubled(x))), 'own their memory'],
    ['work in place', runWith((x) => reuse(x, doubled(x)).slice()), 'leaves inputs as they are'],
    ['rows that see each other', runWith((x, rows) => x.map((value) => value * rows)), 'as if it were alone'],
    [
      'unknown names let through',
      ({ x }) => runWith(doubled)(x ? { x } : {}, ['y']),
      'refuses an unknown or missing input',
    ],
  ];
  it.each(broken)('fails %s', async (_, run, expected) => {
    // A broken backend may have written into the inputs.
    x.data.set([1, 2, 3, 4]);
    expect(await failuresOf(doubling({ run }))).toContainEqual(expect.stringContaining(expected));
  });

  it('fails a backend that loads anything', async () => {
    const careless: Backend = {
      ...doubling(),
      load: (artefact, options) => doubling().load({ ...artefact, bytes: Uint8Array.of(1) }, options),
    };
    expect(await failuresOf(careless)).toContainEqual('refuses a damaged artefact');
  });
});

/** Writes `values` into the front of `buffer`, as a careless backend would. */
function reuse(buffer: Float32Array, values: Float32Array): Float32Array {
  buffer.set(values);
  return buffer.subarray(0, values.length);
}
