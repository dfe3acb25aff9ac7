import type { Session } from '../backend.ts';
import { AffinisError } from '../errors.ts';
import type { Preprocessor } from '../modality.ts';
import type { Sample } from '../sample.ts';
import { float32 } from '../tensor.ts';
import { textOf } from '../testing/toys.ts';
import { uncertaintyOf } from '../testing/uncertainties.ts';
import { varianceOf } from '../uncertainty/variance-head.ts';
import { createModelEmbedder } from './embedder.ts';
import { modelManifestSchema } from './manifest.ts';

const manifest = modelManifestSchema.parse({
  name: 'toy',
  version: '1',
  modality: 'text',
  artefact: { file: 'm', sha256: 'a'.repeat(64) },
  licence: { name: 'MIT' },
  input: {},
  output: { tensor: 'out', dimension: 2, features: 'features' },
  uncertainty: { file: 'uncertainty.json', sha256: 'b'.repeat(64) },
});

/** Takes `1,2,3;4,5,6` as two rows of three numbers; knows to add a degradation's seed to each. */
const preprocessor: Preprocessor = {
  async prepare(sample: Sample) {
    const rows = (sample.kind === 'text' ? sample.text : '').split(';').map((row) => row.split(',').map(Number));
    return {
      inputs: { in: float32([rows.length, 3], Float32Array.from(rows.flat())) },
      rows: rows.length,
      decodeMs: 0,
    };
  },
  canonical: async (sample) => (sample.kind === 'text' ? textOf(sample.text.replaceAll(' ', '')) : sample),
  degrade: async (sample, { seed }) => (sample.kind === 'text' ? textOf(`${sample.text};${seed},0,0`) : sample),
};

/** The embedding is a row's first two numbers, its features all three. */
const session: Session = {
  inputNames: ['in'],
  outputNames: ['out', 'features'],
  async run({ in: input }, outputs) {
    const data = (input?.data ?? new Float32Array()) as Float32Array;
    const count = data.length / 3;
    const out = Float32Array.from({ length: count * 2 }, (_, at) => data[Math.floor(at / 2) * 3 + (at % 2)] ?? 0);
    const all = { out: float32([count, 2], out), features: float32([count, 3], data) };
    return Object.fromEntries(outputs.map((name) => [name, all[name as 'out']]));
  },
  dispose: async () => undefined,
};

const embed = async (text: string, uncertainty = uncertaintyOf(), options = {}) => {
  const [result] = await createModelEmbedder({ manifest, preprocessor, session, uncertainty }).embed(
    [textOf(text)],
    options,
  );
  if (!result?.ok) throw result?.error;
  return result.value;
};

describe('a model with an uncertainty head', () => {
  it('gives every embedding a variance, read from the features, and says so of itself', async () => {
    const uncertainty = uncertaintyOf();
    const { embedding } = await embed('3,4,5');
    expect(embedding.variance).toEqual(varianceOf(uncertainty, Float32Array.of(3, 4, 5)));
    expect(embedding.varianceId).toBe('b'.repeat(16));
    const { description } = createModelEmbedder({ manifest, preprocessor, session, uncertainty });
    expect(description).toMatchObject({
      uncertainty: 'diagonal',
      varianceId: 'b'.repeat(16),
      population: uncertainty.population,
    });
  });

  it('averages the features of several rows', async () => {
    const { embedding } = await embed('3,4,5;3,4,7');
    expect(embedding.variance).toEqual(varianceOf(uncertaintyOf(), Float32Array.of(3, 4, 6)));
  });

  it('reads the embedding where the head is made for it', async () => {
    const head = {
      input: 'embedding',
      mean: Float32Array.of(0, 0),
      deviation: Float32Array.of(1, 1),
      hidden: { weights: Float32Array.of(1, 0, 0, 1), bias: Float32Array.of(0, 0) },
    } as const;
    const uncertainty = uncertaintyOf({ head });
    const { embedding } = await embed('3,4,5', uncertainty);
    expect(embedding.variance).toEqual(varianceOf(uncertainty, Float32Array.of(0.6, 0.8)));
  });

  it('hands out what a head would read, where asked', async () => {
    expect((await embed('3,4,5', undefined, { features: true })).features).toEqual(Float32Array.of(3, 4, 5));
    expect(await embed('3,4,5')).not.toHaveProperty('features');
  });

  it('hands out what the model was given, where asked', async () => {
    const { inputs } = await embed('3,4,5', undefined, { inputs: true });
    expect(inputs).toEqual({ in: { dtype: 'float32', shape: [1, 3], data: Float32Array.of(3, 4, 5) } });
    expect(await embed('3,4,5')).not.toHaveProperty('inputs');
  });

  it('fails the sample whose features do not fit the head', async () => {
    const head = {
      mean: Float32Array.of(0),
      deviation: Float32Array.of(1),
      hidden: { weights: Float32Array.of(1, 1), bias: Float32Array.of(0, 0) },
    };
    await expect(embed('3,4,5', uncertaintyOf({ head }))).rejects.toMatchObject({
      code: 'failed-precondition',
      field: 'uncertainty',
    });
  });

  it('refuses a model without the output that its manifest names', () => {
    const bare = { ...session, outputNames: ['out'] };
    expect(() => createModelEmbedder({ manifest, preprocessor, session: bare, uncertainty: uncertaintyOf() })).toThrow(
      'has no output "features"',
    );
  });

  it('refuses a head that reads features where the manifest names none', () => {
    const { features: _, ...output } = manifest.output;
    const unnamed = { ...manifest, output };
    expect(() =>
      createModelEmbedder({ manifest: unnamed, preprocessor, session, uncertainty: uncertaintyOf() }),
    ).toThrow(expect.objectContaining({ code: 'failed-precondition', field: 'output.features' }));
  });

  it('hands out the embedding where the model has no features', async () => {
    const { features: _, ...output } = manifest.output;
    const plain = createModelEmbedder({ manifest: { ...manifest, output }, preprocessor, session });
    const [result] = await plain.embed([textOf('3,4,5')], { features: true });
    expect(result).toMatchObject({ value: { features: Float32Array.of(0.6, 0.8) } });
    expect(plain.description.uncertainty).toBe('none');
    expect(plain.description).not.toHaveProperty('population');
  });

  it.each<[string, object]>([
    ['gives no features', {}],
    ['gives features that are no whole rows', { features: float32([5], new Float32Array(5)) }],
    ['gives features of another type', { features: { dtype: 'uint8', shape: [2, 3], data: new Uint8Array(6) } }],
  ])('fails the samples of a run that %s', async (_, changes) => {
    const run: Session['run'] = async (inputs, outputs) => {
      const { features: __, ...rest } = await session.run(inputs, outputs);
      return { ...rest, ...changes };
    };
    const broken = createModelEmbedder({
      manifest,
      preprocessor,
      session: { ...session, run },
      uncertainty: uncertaintyOf(),
    });
    for (const result of await broken.embed([textOf('3,4,5;3,4,7')]))
      expect(result).toMatchObject({ error: { code: 'failed-precondition', field: 'output.features' } });
  });

  it('reads each sample’s own features of a shared run', async () => {
    const texts = ['3,4,5', '3,4,7;3,4,9', '0,1,-2'];
    const embedder = createModelEmbedder({ manifest, preprocessor, session, uncertainty: uncertaintyOf() });
    const together = await embedder.embed(texts.map(textOf));
    for (const [index, text] of texts.entries())
      expect(together[index]).toMatchObject({ value: { embedding: (await embed(text)).embedding } });
  });

  it('is scalar where the head is and no clean variance is added', () => {
    const head = {
      kind: 'scalar',
      output: { weights: Float32Array.of(1, -0.5), bias: Float32Array.of(-4) },
    } as const;
    const described = (c: number) =>
      createModelEmbedder({
        manifest,
        preprocessor,
        session,
        uncertainty: uncertaintyOf({ head, calibration: { c } }),
      }).description.uncertainty;
    expect([described(0), described(1)]).toEqual(['scalar', 'diagonal']);
  });

  it('fails a sample that cannot be transformed alone', async () => {
    const picky: Preprocessor = {
      ...preprocessor,
      degrade: async () => {
        throw new AffinisError('invalid-argument', '[toy] no such recipe', { field: 'recipe' });
      },
    };
    const { transform } = createModelEmbedder({ manifest, preprocessor: picky, session });
    expect(await transform?.([textOf('1,2,3'), textOf('4,5,6')], [{ recipe: 'no', seed: 1 }])).toMatchObject([
      { ok: false, error: { field: 'recipe' } },
      { ok: true, value: textOf('4,5,6') },
    ]);
  });

  it('makes canonical forms and degraded copies', async () => {
    const { transform } = createModelEmbedder({ manifest, preprocessor, session });
    const samples = [textOf('1, 2, 3'), textOf('4, 5, 6')];
    expect(await transform?.(samples, [undefined, { recipe: 'any', seed: 9 }])).toEqual([
      { ok: true, value: textOf('1,2,3') },
      { ok: true, value: textOf('4,5,6;9,0,0') },
    ]);
    const { canonical: _, degrade: __, ...plain } = preprocessor;
    const without = createModelEmbedder({ manifest, preprocessor: plain, session });
    expect(await without.transform?.(samples)).toMatchObject([
      { ok: false, error: { code: 'unimplemented' } },
      { ok: false },
    ]);
  });
});
