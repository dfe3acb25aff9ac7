import { blockOf } from '@affinis/client';
import { blockToProto, bytesOf, embeddingToProto, errorFromStatus, fromServiceError, v1 } from '@affinis/contracts';
import type { Embedding } from '@affinis/core';
import { outcomeOf } from '../testing/raw-client.ts';
import { errorOf, outcomesOf, unwrapAll } from '../testing/results.ts';
import { useServer } from '../testing/use-server.ts';

const server = useServer();

function vectors(count: number, dimension: number, extra: Partial<Embedding> = {}): Embedding[] {
  return Array.from({ length: count }, (_, row) => ({
    mean: Float32Array.from({ length: dimension }, (_, at) => Math.sin(1 + row * dimension + at)),
    unitNorm: false,
    space: 'test@1',
    ...extra,
  }));
}

const [one, other] = vectors(2, 8) as [Embedding, Embedding];
const variance = (...values: number[]): Partial<Embedding> => ({
  variance: { kind: values.length === 1 ? 'scalar' : 'diagonal', values: Float32Array.from(values) },
  varianceId: 'test-head',
});

describe('ScoreMatrix', () => {
  it.each(['cosine', 'euclidean', 'mls'])('gives the scores that Score gives, tile by tile: %s', async (metric) => {
    const queries = vectors(7, 8, variance(0.5));
    const references = vectors(5, 8, variance(0.25)).map((embedding) => ({
      ...embedding,
      mean: embedding.mean.map(Math.cos),
    }));
    const matrix = new Float32Array(7 * 5).fill(Number.NaN);
    let tiles = 0;
    const call = server().client.scoreMatrix(blockOf(queries), blockOf(references), { metric, rowsPerBlock: 2 });
    for await (const {
      firstQuery,
      queryCount,
      firstReference,
      referenceCount,
      scores,
      metric: { name },
    } of call) {
      tiles++;
      expect(name).toBe(metric);
      for (let row = 0; row < queryCount; row++)
        for (let column = 0; column < referenceCount; column++)
          matrix[(firstQuery + row) * 5 + firstReference + column] =
            scores[row * referenceCount + column] ?? Number.NaN;
    }
    expect(tiles).toBe(4);
    const pairs = queries.flatMap((left) => references.map((right) => ({ left, right })));
    const { results } = await server().client.score(pairs, { metric });
    for (const [index, score] of unwrapAll(results).entries()) expect(matrix[index]).toBeCloseTo(score, 4);
  });

  it('covers a large matrix once, whatever the order of its tiles', async () => {
    const queries = vectors(300, 4);
    const references = vectors(2000, 4);
    const seen = new Uint8Array(300);
    for await (const { firstQuery, queryCount, referenceCount, scores } of server().client.scoreMatrix(
      blockOf(queries),
      blockOf(references),
      { metric: 'cosine' },
    )) {
      expect([referenceCount, scores.length]).toEqual([2000, queryCount * 2000]);
      for (let row = firstQuery; row < firstQuery + queryCount; row++) seen[row] = (seen[row] ?? 0) + 1;
    }
    expect(seen.every((times) => times === 1)).toBe(true);
  });

  it.each<[string, Partial<v1.ScoreMatrixRequest>, string]>([
    ['an unknown metric', { metric: 'astrology' }, 'not-found NO_METRIC metric'],
    ['a missing block', { queries: undefined }, 'invalid-argument MALFORMED queries'],
    [
      'a wrong byte length',
      { queries: { ...block(), means: new Uint8Array(12) } },
      'invalid-argument MALFORMED queries.means',
    ],
    [
      'NaN in a row',
      { references: block(vectors(2, 8).map((v, i) => (i ? { ...v, mean: v.mean.fill(Number.NaN) } : v))) },
      'invalid-argument BAD_EMBEDDING references[1].mean',
    ],
    ['two spaces', { references: { ...block(), space: 'other@1' } }, 'failed-precondition TWO_SPACES references.space'],
    ['MLS without variance', { metric: 'mls' }, 'failed-precondition NO_VARIANCE queries.variance'],
  ])('refuses %s', async (_, wrong, expected) => {
    const request = { metric: 'cosine', queries: block(), references: block(), rowsPerBlock: 0, ...wrong };
    const { answers, error } = await outcomeOf(server().raw.serverStream(v1.MetricService.scoreMatrix, request));
    expect(answers).toEqual([]);
    expect(`${error?.code} ${error?.reason} ${error?.field}`).toBe(expected);
  });

  it('stops when the client goes, and serves the next', async () => {
    const big = block(vectors(4000, 16));
    const call = server().raw.serverStream(v1.MetricService.scoreMatrix, {
      metric: 'euclidean',
      queries: big,
      references: big,
      rowsPerBlock: 1,
    });
    const gone = new Promise((resolve) => call.once('error', (error) => resolve(fromServiceError(error, 'test').code)));
    call.once('data', () => call.cancel());
    expect(await gone).toBe('cancelled');
    expect(await server().client.health()).toBe('serving');
  });

  function block(embeddings = vectors(2, 8)): v1.EmbeddingBlock {
    return blockToProto(blockOf(embeddings));
  }
});

describe('a bad pair fails alone', () => {
  const good = embeddingToProto(one);
  const changed = (change: Partial<v1.Embedding>): v1.Embedding => ({ ...good, ...change });
  const floats = (...values: number[]) => bytesOf(Float32Array.from(values));
  const bad: Record<string, [v1.Embedding | undefined, string]> = {
    NaN: [changed({ mean: floats(Number.NaN, 1, 1, 1, 1, 1, 1, 1) }), 'BAD_EMBEDDING'],
    infinity: [changed({ mean: floats(Number.POSITIVE_INFINITY, 1, 1, 1, 1, 1, 1, 1) }), 'BAD_EMBEDDING'],
    'the zero vector': [changed({ mean: floats(0, 0, 0, 0, 0, 0, 0, 0) }), 'BAD_EMBEDDING'],
    'a wrong byte length': [changed({ mean: new Uint8Array(30) }), 'MALFORMED'],
    'another dimension than stated': [changed({ dimension: 9 }), 'MALFORMED'],
    'another dimension than the other side': [changed({ mean: floats(1, 2), dimension: 2 }), 'BAD_EMBEDDING'],
    'a negative variance': [changed({ variance: floats(-1) }), 'BAD_EMBEDDING'],
    'NaN as variance': [changed({ variance: floats(Number.NaN) }), 'BAD_EMBEDDING'],
    'a variance of the wrong length': [changed({ variance: floats(1, 2, 3) }), 'MALFORMED'],
    'no mean': [changed({ mean: new Uint8Array() }), 'MALFORMED'],
    'norm 1 claimed and not held': [changed({ unitNorm: true }), 'BAD_EMBEDDING'],
    'no space': [changed({ space: '' }), 'BAD_EMBEDDING'],
    'another space': [changed({ space: 'other@1' }), 'TWO_SPACES'],
    'a missing side': [undefined, 'MALFORMED'],
  };

  it('while its neighbours are scored', async () => {
    const pair = (id: string, right: v1.Embedding | undefined): v1.ScorePair => ({ id, left: good, right });
    const pairs = Object.entries(bad).flatMap(([name, [right]]) => [pair(name, right), pair('good', good)]);
    const { results } = await server().raw.unary(v1.MetricService.score, { metric: 'euclidean', pairs });
    expect(results.map(({ id, score, status }) => [id, score, status === undefined])).toEqual(
      Object.keys(bad).flatMap((name) => [
        [name, undefined, false],
        ['good', 0, true],
      ]),
    );
    const client = await server().client.score([{ left: one, right: other }], { metric: 'euclidean' });
    expect(outcomesOf(client.results)).toEqual(['ok']);
  });

  it.each(Object.entries(bad))('%s', async (_, [right, reason]) => {
    const pairs = [{ id: '', left: good, right }];
    const { results } = await server().raw.unary(v1.MetricService.score, { metric: 'euclidean', pairs });
    const error = errorFromStatus(results[0]?.status);
    expect(error).toMatchObject({ reason, field: expect.stringMatching(/^pairs\[0\]/) });
  });

  it('MLS without a variance, or with variances of two heads', async () => {
    const sure = { ...one, ...variance(0.5) } as Embedding;
    const { results } = await server().client.score(
      [
        { left: one, right: sure },
        { left: sure, right: sure },
        { left: sure, right: { ...sure, varianceId: 'another-head' } },
      ],
      { metric: 'mls' },
    );
    expect(outcomesOf(results)).toEqual(['NO_VARIANCE', 'ok', 'TWO_VARIANCES']);
    expect(results.map((result) => (result.ok ? 'ok' : result.error.code))).toEqual([
      'failed-precondition',
      'ok',
      'failed-precondition',
    ]);
  });

  it('an unknown metric or no pair at all fails the call', async () => {
    const { raw } = server();
    const unknown = await errorOf(raw.unary(v1.MetricService.score, { metric: 'astrology', pairs: [] }));
    expect(unknown).toMatchObject({ code: 'not-found', field: 'metric' });
    expect(unknown.message).toContain('cosine');
    const empty = await errorOf(raw.unary(v1.MetricService.score, { metric: 'cosine', pairs: [] }));
    expect(empty).toMatchObject({ code: 'invalid-argument', reason: 'EMPTY' });
  });
});
