import { crc32 } from 'node:zlib';
import {
  AffinisError,
  createVectorEmbedder,
  defineEmbedder,
  definePlugin,
  type Embedder,
  type Sample,
  z,
} from '@affinis/plugin-sdk';

const parameters = z.strictObject({
  dimension: z.int().min(16).max(65_536).default(512).describe('Numbers in a vector'),
});

/** Counts a text's groups of three letters, each in the dimension that its hash says: names are alike where spelt alike. */
export function createTrigrams({ dimension }: z.infer<typeof parameters>): Embedder {
  return createVectorEmbedder({
    name: '__name__',
    version: '1',
    licence: 'Apache-2.0',
    modality: 'text',
    dimension,
    parameters: { dimension },
    embed(sample) {
      const counts = new Float32Array(dimension);
      const letters = [...`  ${wordsOf(sample)} `];
      for (let at = 0; at + 3 <= letters.length; at++) {
        const bucket = crc32(letters.slice(at, at + 3).join('')) % dimension;
        counts[bucket] = (counts[bucket] ?? 0) + 1;
      }
      return counts;
    },
  });
}

/** The text in lower case; throws for what has no letter. */
function wordsOf(sample: Sample): string {
  if (sample.kind !== 'text')
    throw refusal('UNSUPPORTED_SAMPLE', `${sample.kind} is no text; send a text`, sample.kind);
  if (!/\p{Letter}/u.test(sample.text)) throw refusal('EMPTY', 'the text holds no letter; send words', 'text');
  return sample.text.normalize('NFKC').toLowerCase();
}

const refusal = (reason: string, problem: string, field: string) =>
  new AffinisError('invalid-argument', `[__name__] ${problem}`, { field, reason });

export default definePlugin({
  name: '__name__',
  version: '0.1.0',
  embedders: [
    defineEmbedder({
      id: '__name__',
      description: 'Hashed counts of three letters',
      parameters,
      create: createTrigrams,
    }),
  ],
});
