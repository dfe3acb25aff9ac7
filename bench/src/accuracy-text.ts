import type { AffinisClient } from '@affinis/client';
import type { Benchmark } from './benchmark.ts';
import { embedEach, scorePairs } from './support/embed-all.ts';
import { withServer } from './support/server.ts';
import { correlation, rankCorrelation, rounded } from './support/statistics.ts';
import { readQuotedCsv } from './support/tables.ts';
import { artefactOf, missingData, requireData } from './support/workplace.ts';

const userModel = 'text-minilm-l6-int8';
const sentences = 'text/stsb-en-dev.csv';
const config = `embedders: { minilm: { model: ${userModel} } }\n`;

export const accuracyText: Benchmark = {
  name: 'accuracy-text',
  description: 'STS Benchmark dev with the model that ships and with MiniLM L6, added by its model.yaml: Spearman',
  async run() {
    const missing = missingData([sentences, artefactOf(userModel)]);
    if (missing.length > 0) return { skipped: `development data not found: ${missing.join(', ')}` };
    const pairs = readQuotedCsv(requireData(sentences)).map(([left = '', right = '', gold]) => ({
      left,
      right,
      gold: Number(gold),
    }));
    return withServer({ config, userModels: [userModel] }, async ({ client }) => {
      const shipped = await measure(client, pairs, 'text');
      const minilm = await measure(client, pairs, 'minilm');
      return {
        ratios: { stsb_dev_spearman_shipped: shipped.spearman, stsb_dev_spearman: minilm.spearman },
        figures: { pairs: pairs.length, shipped, minilm },
      };
    });
  },
};

interface GradedPair {
  readonly left: string;
  readonly right: string;
  readonly gold: number;
}

/** Embeds every sentence once and scores the pairs by cosine, both through the server. */
async function measure(client: AffinisClient, pairs: readonly GradedPair[], embedder: string) {
  const started = performance.now();
  const texts = [...new Set(pairs.flatMap(({ left, right }) => [left, right]))];
  const embeddings = await embedEach(
    client,
    texts.map((text) => ({ kind: 'text', text })),
    embedder,
  );
  const sentencesPerSecond = rounded((texts.length / (performance.now() - started)) * 1000);
  const byText = new Map(texts.map((text, index) => [text, embeddings[index]]));
  const scores = (
    await scorePairs(
      client,
      pairs.map(({ left, right }) => [byText.get(left), byText.get(right)]),
    )
  ).map((score) => score ?? Number.NaN);
  const gold = pairs.map((pair) => pair.gold);
  return {
    spearman: rounded(rankCorrelation(scores, gold)),
    pearson: rounded(correlation(scores, gold)),
    sentences: texts.length,
    sentencesPerSecond,
  };
}
