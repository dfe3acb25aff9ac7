import type { Session } from '../backend.ts';
import type { Embedded } from '../embedder.ts';
import { AffinisError } from '../errors.ts';
import type { Prepared, Preprocessor } from '../modality.ts';
import type { Result } from '../result.ts';
import type { Sample } from '../sample.ts';
import { float32, type Tensor } from '../tensor.ts';
import { textOf } from '../testing/toys.ts';
import { describeModel } from './describe.ts';
import { createModelEmbedder } from './embedder.ts';
import { type ModelManifest, modelManifestSchema } from './manifest.ts';
import { concatenate } from './rows.ts';

const manifestOf = (changes: object = {}): ModelManifest =>
  modelManifestSchema.parse({
    name: 'toy',
    version: '1',
    modality: 'text',
    artefact: { file: 'm', sha256: 'a'.repeat(64) },
    licence: { name: 'MIT' },
    input: {},
    output: { tensor: 'out', dimension: 2 },
    ...changes,
  });

/** Takes `1,2;3,4` as two rows of two numbers. */
const preprocessor: Preprocessor = {
  async prepare(sample: Sample): Promise<Prepared> {
    const text = sample.kind === 'text' ? sample.text : '';
    if (text === 'bad') throw new AffinisError('invalid-argument', '[toy] bad', { field: 'text' });
    if (text === 'crash') throw new TypeError('not a number');
    const rows = text.split(';').map((row) => row.split(',').map(Number));
    const width = rows[0]?.length ?? 0;
    return {
      inputs: { in: float32([rows.length, width], Float32Array.from(rows.flat())) },
      rows: rows.length,
      info: { kind: 'text', tokens: rows.length, truncated: false },
      decodeMs: 0,
    };
  },
};

/** Gives back the first two numbers of each row; fails on a run that holds 13. Keeps the row counts of its runs. */
function createToySession(overrides: Partial<Session> = {}): Session & { readonly runs: number[] } {
  const runs: number[] = [];
  return {
    runs,
    inputNames: ['in'],
    outputNames: ['out'],
    async run({ in: input }) {
      if (!input) throw new Error('no input');
      const [count = 0, width = 0] = input.shape;
      runs.push(count);
      if ((input.data as Float32Array).includes(13)) throw new Error('unlucky');
      const out = new Float32Array(count * 2);
      for (let row = 0; row < count; row++)
        out.set((input.data as Float32Array).subarray(row * width, row * width + 2), row * 2);
      return { out: float32([count, 2], out) };
    },
    dispose: async () => undefined,
    ...overrides,
  };
}

async function embed(
  texts: readonly string[],
  { manifest = manifestOf(), session = createToySession(), prepare = preprocessor } = {},
) {
  const embedder = createModelEmbedder({ manifest, preprocessor: prepare, session });
  return { results: await embedder.embed(texts.map(textOf)), runs: session.runs };
}

const meanOf = (result: Result<Embedded> | undefined) =>
  result?.ok ? [...result.value.embedding.mean] : result?.error;

describe('model embedder', () => {
  it('runs samples of one shape together and gives their results in order', async () => {
    const { results, runs } = await embed(['3,4', '0,2', '5,0']);
    expect(runs).toEqual([3]);
    expect(meanOf(results[0])).toEqual([expect.closeTo(0.6), expect.closeTo(0.8)]);
    expect(meanOf(results[1])).toEqual([0, 1]);
    expect(meanOf(results[2])).toEqual([1, 0]);
    expect(results[0]).toMatchObject({ ok: true, value: { info: { tokens: 1 }, embedding: { unitNorm: true } } });
  });

  it('runs different shapes apart', async () => {
    const { results, runs } = await embed(['1,0', '0,1,9', '0,2', '2,0,9;2,0,9']);
    expect(runs).toEqual([2, 3]);
    expect(results.map(meanOf)).toEqual([
      [1, 0],
      [0, 1],
      [0, 1],
      [1, 0],
    ]);
  });

  it('runs every sample alone where the model says so', async () => {
    expect((await embed(['1,0', '1,0;1,0'], { manifest: manifestOf({ batching: 'per-sample' }) })).runs).toEqual([
      1, 2,
    ]);
  });

  it('lets the preprocessor join any shapes', async () => {
    const collate: Preprocessor['collate'] = (prepared) => {
      const rows = prepared.map(({ inputs }) => (inputs.in?.data ?? []).slice(0, 2) as Float32Array);
      return { in: float32([rows.length, 2], Float32Array.from(rows.flatMap((row) => [...row]))) };
    };
    const { results, runs } = await embed(['1,0', '0,1,9'], { prepare: { ...preprocessor, collate } });
    expect(runs).toEqual([2]);
    expect(results.map(meanOf)).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  it('lets a sample that cannot be prepared fail alone', async () => {
    const { results, runs } = await embed(['1,0', 'bad', 'crash', '0,1']);
    expect(runs).toEqual([2]);
    expect(results.map((result) => result.ok)).toEqual([true, false, false, true]);
    expect(meanOf(results[1])).toMatchObject({ code: 'invalid-argument', field: 'text' });
    expect(meanOf(results[2])).toMatchObject({ code: 'internal', message: expect.not.stringContaining('number') });
  });

  it('lets a sample that breaks the run fail alone', async () => {
    const { results, runs } = await embed(['1,0', '13,1', '0,1']);
    expect(runs).toEqual([3, 1, 1, 1]);
    expect(results.map((result) => result.ok)).toEqual([true, false, true]);
    expect((await embed(['13,1'])).runs).toEqual([1]);
  });

  it('takes the mean direction of a sample’s rows, whatever their lengths', async () => {
    const { results } = await embed(['10,0;0,1']);
    expect(meanOf(results[0])).toEqual([expect.closeTo(Math.SQRT1_2), expect.closeTo(Math.SQRT1_2)]);
  });

  it('takes the plain mean where the space is not of norm 1', async () => {
    const manifest = manifestOf({ output: { tensor: 'out', dimension: 2, normalise: 'none' } });
    const { results } = await embed(['10,0;0,1'], { manifest });
    expect(meanOf(results[0])).toEqual([5, 0.5]);
    expect(results[0]).toMatchObject({ value: { embedding: { unitNorm: false } } });
  });

  it.each(['NaN,1', 'Infinity,1', '0,0', '1,0;-1,0', '1,0;0,0'])(
    'refuses %s, which has no finite direction',
    async (text) => {
      const { results } = await embed(['1,0', text]);
      expect(meanOf(results[0])).toEqual([1, 0]);
      expect(meanOf(results[1])).toMatchObject({ code: 'internal', reason: 'MODEL_OUTPUT' });
    },
  );

  it.each<[string, Tensor | undefined]>([
    ['missing []', undefined],
    ['float32 [1,3]', float32([1, 3], new Float32Array(3))],
    ['uint8 [1,2]', { dtype: 'uint8', shape: [1, 2], data: new Uint8Array(2) }],
  ])('refuses an output that is %s', async (text, out) => {
    const session = { ...createToySession(), run: async () => (out ? { out } : {}) };
    const { results } = await embed(['1,0'], { session });
    expect(meanOf(results[0])).toMatchObject({
      code: 'failed-precondition',
      message: `[core] output "out" is ${text} where float32 [1, 2] was declared in model.yaml`,
    });
  });

  it('shares the time of a run by rows', async () => {
    const { results } = await embed(['1,0;1,0;1,0', '1,0']);
    const [long, short] = results.map((result) => (result.ok ? result.value.timings.inferenceMs : Number.NaN));
    expect(long).toBeCloseTo(3 * (short ?? Number.NaN));
  });

  it('asks for the first output where the manifest names none, and refuses one that is not there', async () => {
    const unnamed = manifestOf({ output: { dimension: 2 } });
    expect(meanOf((await embed(['1,0'], { manifest: unnamed })).results[0])).toEqual([1, 0]);
    const wrong = manifestOf({ output: { tensor: 'embedding', dimension: 2 } });
    expect(() => createModelEmbedder({ manifest: wrong, preprocessor, session: createToySession() })).toThrow(
      '[core] model toy has no output "embedding"; set output.tensor in model.yaml to one of: out',
    );
  });

  it('is none where the manifest is of another task', () => {
    expect(() => describeModel(manifestOf({ task: 'face-detection' }))).toThrow('is no embedder');
    expect(() => describeModel(manifestOf({ output: {} }))).toThrow('is no embedder');
  });
});

describe('concatenate', () => {
  it('joins along the first axis and keeps the type', () => {
    const ids = (...values: bigint[]): Tensor => ({
      dtype: 'int64',
      shape: [values.length, 1],
      data: BigInt64Array.from(values),
    });
    expect(concatenate([ids(1n), ids(2n, 3n)])).toEqual(ids(1n, 2n, 3n));
  });
});
