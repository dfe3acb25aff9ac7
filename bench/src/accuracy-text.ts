import type { Benchmark } from './benchmark.ts';
import { embedEach, scorePairs } from './support/embed-all.ts';
import { withServer } from './support/server.ts';
import { correlation, rankCorrelation, rounded } from './support/statistics.ts';
import { readQuotedCsv } from './support/tables.ts';
import { artefactOf, missingData, requireData } from './support/workplace.ts';

const model = 'text-minilm-l6-int8';
const sentences = 'text/stsb-en-dev.csv';

export const accuracyText: Benchmark = {
  name: 'accuracy-text',
  description: 'STS Benchmark dev with MiniLM L6, added by its model.yaml: Spearman against the gold scores',
  async run() {
    const missing = missingData([sentences, artefactOf(model)]);
    if (missing.length > 0) return { skipped: `development data not found: ${missing.join(', ')}` };
    const pairs = readQuotedCsv(requireData(sentences)).map(([left = '', right = '', gold]) => ({
      left,
      right,
      gold: Number(gold),
    }));
    return withServer({ userModels: [model] }, async ({ client }) => {
      const started = performance.now();
      const texts = [...new Set(pairs.flatMap(({ left, right }) => [left, right]))];
      const embeddings = await embedEach(
        client,
        texts.map((text) => ({ kind: 'text', text })),
        'text',
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
        ratios: {
          stsb_dev_spearman: rounded(rankCorrelation(scores, gold)),
          stsb_dev_pearson: rounded(correlation(scores, gold)),
        },
        figures: { pairs: pairs.length, sentences: texts.length, sentencesPerSecond },
      };
    });
  },
};
