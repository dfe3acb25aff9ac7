import { AffinisError, attempt, type Embedder, type EmbedderDescription, type Sample } from '@affinis/core';
import { collectingRunner } from './collecting-runner.ts';
import { embedderConformance } from './embedder-conformance.ts';

const description: EmbedderDescription = {
  model: { name: 'letters', version: '1', sha256: '0'.repeat(64) },
  modality: 'text',
  dimension: 2,
  space: 'letters',
  unitNorm: true,
  uncertainty: 'none',
  licence: 'none',
};

/** The angle of a text's length, in plain code. */
function letters(overrides: Partial<Embedder> = {}, angle = (text: string, _batch: number) => text.length): Embedder {
  return {
    description,
    embed: (samples) =>
      Promise.all(
        samples.map((sample) =>
          attempt(() => {
            if (sample.kind !== 'text') throw new AffinisError('invalid-argument', '[letters] send text');
            const radians = angle(sample.text, samples.length);
            const mean = Float32Array.of(Math.cos(radians), Math.sin(radians));
            return {
              embedding: { mean, unitNorm: true, space: 'letters' },
              timings: { decodeMs: 0, prepareMs: 0, inferenceMs: 0 },
            };
          }),
        ),
      ),
    ...overrides,
  };
}

const good: readonly Sample[] = [
  { kind: 'text', text: 'a' },
  { kind: 'text', text: 'bcd' },
];
const bad: readonly Sample[] = [{ kind: 'media', bytes: Uint8Array.of(1) }];

function failuresOf(embedder: Embedder): Promise<readonly string[]> {
  const { runner, failures } = collectingRunner();
  embedderConformance(() => embedder, good, bad, { runner });
  return failures();
}

describe('the embedder suite', () => {
  it('passes a sound embedder and disposes of it once', async () => {
    const dispose = jest.fn(async () => {});
    expect(await failuresOf(letters({ dispose }))).toEqual([]);
    expect(dispose).toHaveBeenCalledTimes(1);
  });

  let calls = 0;
  const sound = letters();
  const broken: [string, Embedder, string][] = [
    ['another dimension than described', letters({ description: { ...description, dimension: 3 } }), 'sound embedding'],
    ['another space than described', letters({ description: { ...description, space: 'x' } }), 'sound embedding'],
    ['one embedding for all', letters({}, () => 1), 'different samples'],
    ['chance', letters({}, (text) => text.length + calls++ / 100), 'the same embeddings again'],
    [
      'batch mates that matter',
      letters({}, (text, batch) => text.length + batch / 10),
      'as it embeds its samples alone',
    ],
    [
      'a batch that fails as a whole',
      letters({
        async embed(samples) {
          if (samples.every((sample) => sample.kind === 'text')) return sound.embed(samples);
          return samples.map(() => ({ ok: false, error: new AffinisError('invalid-argument', '[letters] no') }));
        },
      }),
      'alone',
    ],
    ['a lost result', letters({ embed: async (samples) => (await sound.embed(samples)).slice(1) }), 'sound embedding'],
  ];
  it.each(broken)('fails %s', async (_, embedder, expected) => {
    expect(await failuresOf(embedder)).toContainEqual(expect.stringContaining(expected));
  });
});
