import { readFileSync } from 'node:fs';
import { onnxBackend } from '@affinis/backend-onnx';
import { developmentData, embedderConformance } from '@affinis/conformance';
import { createModelEmbedder, type ModelManifest, modelManifestSchema, type Preprocessor } from '@affinis/core';
import { textModality } from './index.ts';

const vocabularyFile = developmentData('models/text-bert-uncased-vocab.txt');
const goldenFile = developmentData('reference/text-golden.json');
const modelFile = developmentData('models/text-minilm-l6-int8.onnx');

interface Golden {
  readonly items: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    readonly minilm_l6_float32?: readonly number[];
  }[];
}

const golden: Golden = goldenFile ? JSON.parse(readFileSync(goldenFile, 'utf8')) : { items: [] };

const manifest: ModelManifest = modelManifestSchema.parse({
  name: 'text-minilm-l6-int8',
  version: '1',
  modality: 'text',
  artefact: { file: 'model.onnx', sha256: '744ef4546007461c65b3ed5682983b49f2ad88e184b54c798c807383f8e507bf' },
  licence: { name: 'Apache-2.0' },
  input: {
    maxTokens: 256,
    tokenizer: {
      kind: 'wordpiece',
      vocabulary: {
        file: 'vocab.txt',
        sha256: '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3',
      },
    },
  },
  output: { tensor: 'embedding', dimension: 384 },
  batching: 'per-sample',
});

const openPreprocessor = (): Promise<Preprocessor> =>
  textModality.open({
    manifest,
    options: {},
    readFile: async () => readFileSync(vocabularyFile ?? ''),
    loadModel: () => Promise.reject(new Error('no helper models here')),
  });

const openEmbedder = async () =>
  createModelEmbedder({
    manifest,
    preprocessor: await openPreprocessor(),
    session: await onnxBackend.load({ path: modelFile ?? '', bytes: readFileSync(modelFile ?? '') }, { threads: 1 }),
  });

/** Ids as Hugging Face's Rust tokenizers 0.23.3 makes them from the package's own tokenizer.json. */
(vocabularyFile && goldenFile ? describe : describe.skip)('golden token ids', () => {
  let preprocessor: Preprocessor;
  beforeAll(async () => {
    preprocessor = await openPreprocessor();
  });

  it.each(golden.items.filter(({ text }) => text !== ''))('equal those of $text', async ({ text, ids }) => {
    const { inputs } = await preprocessor.prepare({ kind: 'text', text });
    expect(Array.from(inputs.input_ids?.data ?? [], Number)).toEqual(ids);
  });

  it('are none but cls and sep for the empty text, which is refused here', async () => {
    expect(golden.items.find(({ text }) => text === '')?.ids).toEqual([101, 102]);
    await expect(preprocessor.prepare({ kind: 'text', text: '' })).rejects.toMatchObject({ reason: 'EMPTY' });
  });
});

const withModel = vocabularyFile && modelFile && goldenFile ? describe : describe.skip;
withModel('text-minilm-l6-int8.onnx', () => {
  it('gives embeddings near the float32 golden ones', async () => {
    const embedder = await openEmbedder();
    try {
      const items = golden.items.filter(({ minilm_l6_float32, text }) => minilm_l6_float32 && text !== '');
      const results = await embedder.embed(items.map(({ text }) => ({ kind: 'text', text })));
      expect(results.length).toBeGreaterThan(0);
      for (const [i, result] of results.entries()) {
        if (!result.ok) throw result.error;
        const expected = items[i]?.minilm_l6_float32 ?? [];
        const cosine = result.value.embedding.mean.reduce((sum, value, d) => sum + value * (expected[d] ?? 0), 0);
        expect(cosine).toBeGreaterThan(0.98);
      }
    } finally {
      await embedder.dispose?.();
    }
  });

  embedderConformance(
    openEmbedder,
    [
      { kind: 'text', text: 'A man is playing a guitar.' },
      { kind: 'text', text: 'Zürich' },
      { kind: 'text', text: 'The stock market crashed today.' },
    ],
    [
      { kind: 'text', text: ' \n' },
      { kind: 'text', text: 'half \ud83d' },
      { kind: 'media', bytes: Uint8Array.of(1, 2, 3) },
    ],
  );
});
