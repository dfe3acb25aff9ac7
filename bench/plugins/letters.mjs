import {
  createPairMetric,
  createVectorEmbedder,
  defineEmbedder,
  defineMetric,
  definePlugin,
  noParameters,
} from '@affinis/plugin-sdk';

/** Light work of the kind that plugins do, so that what a benchmark sees is the way to it: pairs of letters of a text. */
const dimension = 1024;

function countPairs({ text = '' }) {
  const counts = new Float32Array(dimension);
  for (let at = 1; at < text.length; at++)
    counts[(text.charCodeAt(at - 1) * 31 + text.charCodeAt(at)) % dimension] += 1;
  return counts;
}

export default definePlugin({
  name: 'letters',
  embedders: [
    defineEmbedder({
      id: 'letters',
      description: 'how often each pair of letters stands in a text',
      parameters: noParameters,
      create: () =>
        createVectorEmbedder({
          name: 'letters',
          version: '1',
          licence: 'Apache-2.0',
          modality: 'text',
          dimension,
          embed: countPairs,
        }),
    }),
  ],
  metrics: [
    defineMetric({
      id: 'overlap',
      description: 'sum of the smaller of each pair of values',
      unit: 'overlap',
      parameters: noParameters,
      create: () =>
        createPairMetric({
          id: 'overlap',
          polarity: 'similarity',
          score: ({ mean: a }, { mean: b }) => a.reduce((sum, value, d) => sum + Math.min(value, b[d]), 0),
        }),
    }),
  ],
});
