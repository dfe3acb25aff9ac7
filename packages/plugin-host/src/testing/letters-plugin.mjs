import {
  AffinisError,
  createPairMetric,
  createVectorEmbedder,
  defineEmbedder,
  defineMetric,
  definePlugin,
  noParameters,
  z,
} from '@affinis/plugin-sdk';

/** Plugin of the host's tests: counts letters, and does what a text that begins with `!` tells it. */
const commands = {
  exit: () => process.exit(7),
  hang: () => {
    for (;;);
  },
  sleep: (ms) => new Promise((done) => setTimeout(done, Number(ms))),
  print: (bytes) => process.stdout.write('x'.repeat(Number(bytes))),
  throw: () => {
    throw new Error('an author’s own failure');
  },
  nan: () => Float32Array.of(Number.NaN, ...new Float32Array(25)),
  short: () => Float32Array.of(1, 2),
  hoard: async (mebibytes) => {
    hoard.push(Buffer.alloc(Number(mebibytes) * 2 ** 20, 1));
    await new Promise((done) => setTimeout(done, 5000));
  },
};
const hoard = [];

async function countLetters(sample) {
  if (sample.kind !== 'text')
    throw new AffinisError('invalid-argument', '[letters] reads text only; send text', { field: 'media' });
  const counts = new Float32Array(26);
  const [, command, argument] = /^!(\w+) ?(\w*)$/.exec(sample.text) ?? [];
  const answer = command && (await commands[command](argument));
  if (answer instanceof Float32Array) return answer;
  for (const letter of sample.text.toLowerCase()) {
    const at = letter.charCodeAt(0) - 97;
    if (at >= 0 && at < 26) counts[at] += 1;
  }
  if (counts.every((count) => count === 0))
    throw new AffinisError('invalid-argument', '[letters] the text has no letters; send some', { field: 'text' });
  return counts;
}

export default definePlugin({
  name: 'letters',
  version: '1.2.3',
  embedders: [
    defineEmbedder({
      id: 'letters',
      description: 'how often each letter stands in a text',
      parameters: z.strictObject({ unitNorm: z.boolean().default(true) }),
      create: (parameters) =>
        createVectorEmbedder({
          name: 'letters',
          version: '1',
          licence: 'Apache-2.0',
          modality: 'text',
          dimension: 26,
          unitNorm: parameters.unitNorm,
          parameters,
          embed: countLetters,
        }),
    }),
  ],
  metrics: [
    defineMetric({
      id: 'minkowski',
      description: 'Minkowski distance of order p',
      unit: 'distance, 0 and up',
      parameters: z.strictObject({ p: z.number().min(1) }),
      create: ({ p }) =>
        createPairMetric({
          id: 'minkowski',
          polarity: 'distance',
          score: ({ mean: a }, { mean: b }) =>
            a.reduce((sum, value, d) => sum + Math.abs(value - b[d]) ** p, 0) ** (1 / p),
        }),
    }),
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
