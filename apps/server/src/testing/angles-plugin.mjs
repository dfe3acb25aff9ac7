import { AffinisError, defineEmbedder, defineMetric, definePlugin } from '@affinis/core';

/**
 * Plugin of the galleries' tests. `angles` embeds a text `60` or `60 0.01` as the direction of 60 degrees in the plane of
 * its first two dimensions, with that variance where its options ask for one. Metric `dot` is the inner product, without a
 * scan form.
 */
const anything = { safeParse: (data) => ({ success: true, data }) };

function embedOne({ text = '' }, { space, dimension, uncertainty }) {
  const [degrees, variance = '0.01'] = text.split(' ').map(Number);
  const radians = (degrees * Math.PI) / 180;
  if (text === '' || Number.isNaN(radians))
    return { ok: false, error: new AffinisError('invalid-argument', '[angles] not an angle', { field: 'text' }) };
  const mean = new Float32Array(dimension);
  mean.set([Math.cos(radians), Math.sin(radians)]);
  const values = new Float32Array(dimension).fill(Number(variance));
  return {
    ok: true,
    value: {
      embedding: {
        mean,
        unitNorm: true,
        space,
        ...(uncertainty === 'none' ? {} : { variance: { kind: 'diagonal', values }, varianceId: 'angles' }),
      },
      info: { kind: 'text', tokens: text.length, truncated: false },
      timings: { decodeMs: 0, prepareMs: 0, inferenceMs: 0 },
    },
  };
}

export default definePlugin({
  name: 'angles-plugin',
  embedders: [
    defineEmbedder({
      id: 'angles',
      description: 'directions in the plane',
      parameters: anything,
      create({ space = 'angles/1', dimension = 8, uncertainty = 'none' }) {
        const options = { space, dimension, uncertainty };
        const description = {
          model: { name: 'angles', version: '1', sha256: '0'.repeat(64) },
          modality: 'text',
          unitNorm: true,
          licence: 'none',
          ...(uncertainty === 'none' ? {} : { varianceId: 'angles' }),
          ...options,
        };
        return { description, embed: async (samples) => samples.map((sample) => embedOne(sample, options)) };
      },
    }),
  ],
  metrics: [
    defineMetric({
      id: 'dot',
      description: 'inner product',
      unit: 'none',
      parameters: anything,
      create: () => ({
        id: 'dot',
        polarity: 'similarity',
        needsVariance: false,
        scoreBlock(queries, references, scores) {
          const { dimension } = queries;
          for (let q = 0; q < queries.count; q++)
            for (let r = 0; r < references.count; r++) {
              let sum = 0;
              for (let d = 0; d < dimension; d++)
                sum +=
                  queries.means[(queries.start + q) * dimension + d] *
                  references.means[(references.start + r) * dimension + d];
              scores[q * references.count + r] = sum;
            }
        },
      }),
    }),
  ],
});
