import type { Session } from '../backend.ts';
import type { Embedder, EmbedderDescription } from '../embedder.ts';
import type { Variance } from '../embedding.ts';
import { AffinisError } from '../errors.ts';
import { modelManifestSchema } from '../model/manifest.ts';
import { failure, success } from '../result.ts';
import { float32 } from '../tensor.ts';
import { embeddingOf, textOf, toyDescription, toySpace } from '../testing/toys.ts';
import { createProjectedEmbedder } from './projected-embedder.ts';

/** Takes `x,y` as its mean; its variance is (0.5, 2). */
const variance: Variance = { kind: 'diagonal', values: Float32Array.of(0.5, 2) };
const fitted: Partial<EmbedderDescription> = {
  uncertainty: 'diagonal',
  varianceId: 'head',
  population: { mean: Float32Array.of(1, -1), between: Float32Array.of(4, 0.25) },
};
function embedderOf(described: Partial<EmbedderDescription> = {}, given: Variance | undefined = variance) {
  const calls = { disposed: 0 };
  const embedder: Embedder = {
    description: { ...toyDescription, unitNorm: false, ...described },
    async embed(samples) {
      return samples.map((sample) => {
        const values = (sample.kind === 'text' ? sample.text : '').split(',').map(Number);
        if (values.some(Number.isNaN)) return failure(new AffinisError('invalid-argument', '[toy] bad sample'));
        const extra = described.varianceId ? { variance: given, varianceId: described.varianceId } : {};
        const timings = { decodeMs: 1, prepareMs: 2, inferenceMs: 3 };
        return success({ embedding: embeddingOf(values, extra), timings });
      });
    },
    dispose: async () => {
      calls.disposed++;
    },
  };
  return { embedder, calls };
}

/** `(x, y) ↦ (2x + y + 1, -y, x - 3)`: three outputs of two inputs. */
const matrix = Float32Array.of(2, 1, 0, -1, 1, 0);
const affine = (x: number, y: number) => [2 * x + y + 1, -y, x - 3];

function sessionOf(map: (x: number, y: number) => readonly number[] = affine) {
  const calls = { runs: 0, disposed: 0 };
  const session: Session = {
    inputNames: ['x'],
    outputNames: ['extra', 'y'],
    async run({ x: input }) {
      calls.runs++;
      const data = (input?.data ?? new Float32Array()) as Float32Array;
      const rows = Array.from({ length: data.length / 2 }, (_, row) => map(data[2 * row] ?? 0, data[2 * row + 1] ?? 0));
      return { y: float32([rows.length, rows[0]?.length ?? 0], Float32Array.from(rows.flat())) };
    },
    dispose: async () => {
      calls.disposed++;
    },
  };
  return { session, calls };
}

const manifestOf = (changes: Record<string, unknown> = {}, output: Record<string, unknown> = {}) =>
  modelManifestSchema.parse({
    name: 'map',
    version: '3',
    task: 'projection',
    modality: 'text',
    artefact: { file: 'model.onnx', sha256: 'c'.repeat(64) },
    licence: { name: 'MIT' },
    input: { space: toySpace, dimension: 2 },
    output: { tensor: 'y', dimension: 3, normalise: 'none', ...output },
    ...changes,
  });

const embed = async (embedder: Embedder, ...texts: string[]) => embedder.embed(texts.map(textOf));
const meanOf = async (embedder: Embedder, text: string) => {
  const [result] = await embed(embedder, text);
  if (!result?.ok) throw result?.error;
  return result.value.embedding;
};

describe('a projected embedder', () => {
  it('gives what its map makes of each mean, in a space of its own', async () => {
    const { embedder } = embedderOf();
    const projected = await createProjectedEmbedder({ embedder, manifest: manifestOf(), ...sessionOf() });
    expect(await meanOf(projected, '3,5')).toEqual({
      mean: Float32Array.from(affine(3, 5)),
      unitNorm: false,
      space: projected.description.space,
    });
    expect(projected.description).toMatchObject({
      model: { name: 'toy+map', version: '1+3', sha256: 'c'.repeat(64) },
      modality: 'text',
      dimension: 3,
      space: expect.stringMatching(/^map\/[0-9a-f]{16}$/),
      unitNorm: false,
      uncertainty: 'none',
      licence: 'none; MIT',
    });
  });

  it('has another space for another artefact, normalisation or source, and none for another name of a file', async () => {
    const spaceOf = async (manifest = manifestOf(), space = toySpace) => {
      const { embedder } = embedderOf({ space });
      const { description } = await createProjectedEmbedder({ embedder, manifest, ...sessionOf() });
      return description.space;
    };
    const first = await spaceOf();
    expect(await spaceOf(manifestOf({ artefact: { file: 'b.onnx', sha256: 'c'.repeat(64) } }))).toBe(first);
    expect(await spaceOf(manifestOf({ artefact: { file: 'model.onnx', sha256: 'd'.repeat(64) } }))).not.toBe(first);
    expect(await spaceOf(manifestOf({}, { normalise: 'l2' }))).not.toBe(first);
    expect(await spaceOf(manifestOf({ input: { space: 'x', dimension: 2 } }), 'x')).not.toBe(first);
  });

  it('runs a batch at once; a bad sample fails alone, and so does what has no direction', async () => {
    const { session, calls } = sessionOf((x, y) => [x, y, 0]);
    const { embedder } = embedderOf();
    const projected = await createProjectedEmbedder({ embedder, manifest: manifestOf(), session });
    const results = await embed(projected, '3,4', 'bad', '0,0', '1,2');
    expect(results.map(({ ok }) => ok)).toEqual([true, false, false, true]);
    expect(results[3]).toMatchObject({ value: { embedding: { mean: Float32Array.of(1, 2, 0) } } });
    expect(results[2]).toMatchObject({ error: { reason: 'MODEL_OUTPUT' } });
    expect(calls.runs).toBe(1);
    expect(await embed(projected, 'bad')).toMatchObject([{ ok: false, error: { message: '[toy] bad sample' } }]);
  });

  it('scales to norm 1 where the manifest says so, and the variance with it', async () => {
    const { embedder } = embedderOf(fitted);
    const manifest = manifestOf({}, { normalise: 'l2' });
    const projected = await createProjectedEmbedder({ embedder, manifest, ...sessionOf(), matrix });
    const { mean, variance: mapped, unitNorm } = await meanOf(projected, '3,5');
    const norm = Math.hypot(...affine(3, 5));
    expect(unitNorm).toBe(true);
    expect([...mean].map((value) => value * norm)).toEqual(affine(3, 5).map((value) => expect.closeTo(value, 5)));
    expect([...(mapped?.values ?? [])]).toEqual([4, 2, 0.5].map((value) => expect.closeTo(value / norm ** 2, 6)));
    // What subjects are like depends on how long each was: there is no one prior.
    expect(projected.description.population).toBeUndefined();
  });

  it('maps variance and population through a linear map', async () => {
    const { embedder } = embedderOf(fitted);
    const projected = await createProjectedEmbedder({ embedder, manifest: manifestOf(), ...sessionOf(), matrix });
    const { variance: mapped, varianceId } = await meanOf(projected, '3,5');
    // Σ M² v: 4 · 0.5 + 2, 2, 0.5.
    expect(mapped).toEqual({ kind: 'diagonal', values: Float32Array.of(4, 2, 0.5) });
    expect(projected.description).toMatchObject({
      uncertainty: 'diagonal',
      varianceId,
      population: { mean: Float32Array.from(affine(1, -1)), between: Float32Array.of(16.25, 0.25, 4) },
    });
    expect(varianceId).toMatch(/^[0-9a-f]{16}$/);
  });

  it('spreads a scalar variance', async () => {
    const scalar: Variance = { kind: 'scalar', values: Float32Array.of(0.5) };
    const { embedder } = embedderOf({ ...fitted, uncertainty: 'scalar' }, scalar);
    const projected = await createProjectedEmbedder({ embedder, manifest: manifestOf(), ...sessionOf(), matrix });
    expect(await meanOf(projected, '1,1')).toMatchObject({ variance: { values: Float32Array.of(2.5, 0.5, 0.5) } });
    expect(projected.description.uncertainty).toBe('diagonal');
  });

  it('drops variance and population where the map is not linear', async () => {
    const { embedder } = embedderOf(fitted);
    const { session } = sessionOf((x, y) => [x * y, Math.exp(x), 1]);
    const projected = await createProjectedEmbedder({ embedder, manifest: manifestOf(), session });
    expect(await meanOf(projected, '1,1')).not.toHaveProperty('variance');
    expect(projected.description).toMatchObject({ uncertainty: 'none' });
    for (const field of ['varianceId', 'population']) expect(projected.description).not.toHaveProperty(field);
  });

  it('disposes of both', async () => {
    const [source, map] = [embedderOf(), sessionOf()];
    const { embedder } = source;
    const projected = await createProjectedEmbedder({ embedder, manifest: manifestOf(), session: map.session });
    await projected.dispose?.();
    expect([source.calls.disposed, map.calls.disposed]).toEqual([1, 1]);
  });

  it.each<[string, Partial<Parameters<typeof createProjectedEmbedder>[0]>, string]>([
    ['an embedder', { manifest: manifestOf({ task: 'embedding' }) }, 'model map is no projection'],
    ['a manifest without its space', { manifest: manifestOf({ input: { dimension: 2 } }) }, 'model map: input.space'],
    [
      'another space',
      { manifest: manifestOf({ input: { space: 'other/1', dimension: 2 } }) },
      'takes embeddings of space other/1 with 2 dimensions and the embedder gives toy@1/0 with 2',
    ],
    [
      'another dimension',
      { manifest: manifestOf({ input: { space: toySpace, dimension: 3 } }) },
      'gives toy@1/0 with 2',
    ],
    ['an output that is not there', { manifest: manifestOf({}, { tensor: 'z' }) }, 'set output.tensor in model.yaml'],
    ['a matrix of another shape', { matrix: Float32Array.of(1, 2) }, 'holds 2 numbers where 3 x 2 fit'],
    ['a matrix of another model', { matrix: matrix.map((x) => -x) }, 'is not the matrix of its model'],
    ['a matrix of a map that is not linear', { ...sessionOf((x, y) => [x * y, x, y]), matrix }, 'is not the matrix'],
  ])('refuses %s', async (_, changes, message) => {
    const { embedder } = embedderOf(fitted);
    const parts = { embedder, manifest: manifestOf(), ...sessionOf(), ...changes };
    await expect(createProjectedEmbedder(parts)).rejects.toThrow(message);
  });

  it('says what is wrong where the model gives another shape than declared', async () => {
    const { embedder } = embedderOf();
    const projected = await createProjectedEmbedder({ embedder, manifest: manifestOf(), ...sessionOf((x) => [x]) });
    await expect(embed(projected, '1,2')).rejects.toThrow('gives float32 [1,1] where float32 [1, 3] was declared');
  });
});
