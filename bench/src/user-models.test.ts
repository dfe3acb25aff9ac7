import type { Sample } from '@affinis/core';
import { sampleFaces, sampleVoices } from './support/media.ts';
import { type BenchServer, startServer } from './support/server.ts';
import { artefactOf, missingData } from './support/workplace.ts';

/** Every model of `tools/models/user-models` serves by its `model.yaml` alone. */
const embeddingModels: Record<string, { readonly dimension: number; readonly samples: readonly Sample[] }> = {
  'mobileface-v2': { dimension: 256, samples: sampleFaces },
  'mobileface-v3': { dimension: 256, samples: sampleFaces },
  'osnet-x0_25-msmt17': { dimension: 512, samples: sampleFaces },
  'speaker-ge2e': { dimension: 256, samples: sampleVoices },
  'text-minilm-l6-int8': { dimension: 384, samples: texts('A man plays a guitar.', 'Someone is playing a guitar.') },
  'text-paraphrase-l3-int8': { dimension: 384, samples: texts('It rains.', 'Rain is falling.') },
};
const detector = 'yunet-2026may';
const models = [...Object.keys(embeddingModels), detector];

const config = `
embedders:
${Object.keys(embeddingModels)
  .map((model) => `  ${model}: { model: ${model} }`)
  .join('\n')}
  with-yunet: { model: face-dlib128, options: { detector: ${detector} } }
`;

const describeWithData = missingData(models.map(artefactOf)).length === 0 ? describe : describe.skip;

describeWithData('models that a user adds by a model.yaml', () => {
  let server: BenchServer;
  beforeAll(async () => {
    server = await startServer({ config, userModels: models });
  });
  afterAll(() => server?.stop());

  it.each(Object.entries(embeddingModels))('%s embeds', async (model, { dimension, samples }) => {
    const results = await server.client.embed(samples, { embedder: model });
    expect(results).toHaveLength(samples.length);
    for (const result of results) {
      expect(result).toMatchObject({ ok: true, value: { model: { name: model }, embedding: { unitNorm: true } } });
      if (result.ok) expect(result.value.embedding.mean).toHaveLength(dimension);
    }
  });

  it(`${detector} finds the faces for face-dlib128, in the same space and nearly with the same result`, async () => {
    const results = await server.client.embed([...sampleFaces], { embedder: 'with-yunet' });
    const shipped = await server.client.embed([...sampleFaces], { embedder: 'face' });
    for (const [index, result] of results.entries()) {
      const other = shipped[index];
      if (!result.ok || !other?.ok) throw new Error('no embedding');
      expect(result.value.info).toMatchObject({ kind: 'image', facesFound: 1 });
      const pair = { left: result.value.embedding, right: other.value.embedding };
      const { results: scores } = await server.client.score([pair], { metric: 'cosine' });
      expect(scores).toEqual([{ ok: true, value: expect.closeTo(1, 1) }]);
      const [score] = scores;
      // The card's median for the two kinds of points is 0.994.
      if (score?.ok) expect(score.value).toBeGreaterThan(0.97);
    }
  });
});

function texts(...values: string[]): Sample[] {
  return values.map((text) => ({ kind: 'text', text }));
}
