import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cosineReference, euclideanReference, type MetricReference, metricConformance } from '@affinis/conformance';
import type { EmbeddingBlock } from '@affinis/core';
import { createCosine } from '@affinis/metric-cosine';
import { createEuclidean } from '@affinis/metric-euclidean';
import plugin, { asNorm, createAsNorm, createScoreFusion, readCohort, scoreFusion } from './index.ts';

const strangersOf = (dimension: number) =>
  Array.from({ length: 9 }, (_, row) =>
    Array.from({ length: dimension }, (_, d) => Math.fround(Math.sin(5 * row + 2 * d + 1) + (d === 0 ? row / 4 : 0.1))),
  );
const blockOf = (rows: readonly (readonly number[])[]): EmbeddingBlock => ({
  dimension: rows[0]?.length ?? 0,
  means: Float32Array.from(rows.flat()),
  varianceKind: 'none',
  unitNorm: false,
  start: 0,
  count: rows.length,
});

/** Matejka et al. 2017 by the letter: sort, take the most alike, mean and deviation. */
const asNormReference =
  (inner: MetricReference, polarity: 'similarity' | 'distance', top: number): MetricReference =>
  (left, right) => {
    const { score } = inner(left, right);
    const terms = [left, right].map((side) => {
      const sign = polarity === 'similarity' ? 1 : -1;
      const all = strangersOf(side.mean.length).map((mean) => inner(side, { mean }).score);
      const best = all.sort((a, b) => sign * (b - a)).slice(0, top);
      const mean = best.reduce((sum, value) => sum + value, 0) / top;
      const deviation = Math.max(Math.sqrt(best.reduce((sum, value) => sum + (value - mean) ** 2, 0) / top), 1e-6);
      return {
        term: (score - mean) / deviation / 2,
        magnitude: (Math.abs(score) + Math.abs(mean) + 1) / deviation ** 2,
      };
    });
    return {
      score: terms.reduce((sum, { term }) => sum + term, 0),
      magnitude: terms.reduce((sum, { magnitude }) => sum + magnitude * (1 + Math.abs(score)), 0),
    };
  };

for (const [name, inner, reference, polarity] of [
  ['cosine', createCosine(), cosineReference, 'similarity'],
  ['euclidean', createEuclidean({ squared: false, normalise: false }), euclideanReference, 'distance'],
] as const)
  metricConformance(`as-norm of ${name}`, () => createAsNorm(inner, blockOf(strangersOf(3)), 5), {
    polarity,
    needsVariance: false,
    createForDimension: (dimension) => createAsNorm(inner, blockOf(strangersOf(dimension)), 5),
    reference: asNormReference(reference, polarity, 5),
    // Who has few doubles among strangers is compared more leniently, so that neither law holds.
    selfIsBest: false,
    ranksAsEuclidean: false,
    dimensionsInterchange: false,
    tolerance: 1e-9,
  });

metricConformance(
  'score-fusion',
  () =>
    createScoreFusion(
      [
        { metric: createCosine(), weight: 2 },
        { metric: createEuclidean({ squared: false, normalise: false }), weight: 0.5 },
      ],
      -1,
    ),
  {
    polarity: 'similarity',
    needsVariance: false,
    reference: (left, right) => {
      const [cosine, euclidean] = [cosineReference(left, right), euclideanReference(left, right)];
      return { score: 2 * cosine.score - euclidean.score / 2 - 1, magnitude: 3 + euclidean.magnitude };
    },
    selfScore: 1,
    examples: [{ what: '3-4-5', left: { mean: [3, 4] }, right: { mean: [4, 3] }, score: 1.92 - Math.SQRT2 / 2 - 1 }],
  },
);

describe('combinators', () => {
  it('name what they wrap, for the runtime to make', () => {
    expect(plugin.metrics).toEqual([asNorm, scoreFusion]);
    expect(asNorm.wraps?.(asNorm.parameters.parse({ metric: 'cosine', cohort: 'c' }))).toEqual(['cosine']);
    const fused = { metrics: ['mls', 'cosine'].map((metric) => ({ metric, weight: 1 })) };
    expect(scoreFusion.wraps?.(scoreFusion.parameters.parse(fused))).toEqual(['mls', 'cosine']);
    const twice = { metrics: [fused.metrics[0], fused.metrics[0]] };
    expect(scoreFusion.parameters.safeParse(twice).success).toBe(false);
  });

  it('are made of what their context gives', () => {
    const context = { metric: () => createCosine() };
    const parts = { metrics: ['a', 'b'].map((metric) => ({ metric, weight: 1 })), bias: 0 };
    const scores = new Float64Array(1);
    scoreFusion.create(parts, undefined, context).scoreBlock(blockOf([[1, 0]]), blockOf([[2, 0]]), scores);
    expect([...scores]).toEqual([2]);
  });

  it('are of the space that what they wrap was learned in', () => {
    const learned = (space: string) => ({ metric: { ...createCosine(), space }, weight: 1 });
    const anywhere = { metric: createCosine(), weight: 1 };
    expect(createAsNorm(learned('m/0').metric, blockOf(strangersOf(3)), 5)).toMatchObject({ space: 'm/0' });
    expect(createScoreFusion([anywhere, learned('m/0')])).toMatchObject({ space: 'm/0' });
    expect(createScoreFusion([anywhere])).not.toHaveProperty('space');
    expect(() => createScoreFusion([learned('m/0'), learned('n/0')])).toThrow('different spaces (m/0, n/0)');
  });

  describe('a cohort', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'affinis-cohort-'));
    });
    afterEach(() => rmSync(folder, { recursive: true }));
    const line = (more: object = {}) =>
      JSON.stringify({ input: 'a', mean: [1, 2], variance: null, unitNorm: false, space: 's/0', ...more });
    const cohortOf = (...lines: readonly string[]) => {
      writeFileSync(join(folder, 'cohort.jsonl'), `${lines.join('\n')}\n`);
      return readCohort(join(folder, 'cohort.jsonl'));
    };

    it('is what affinis embed --json prints', () => {
      expect(cohortOf(line(), line({ mean: [3, 4] }))).toMatchObject({ dimension: 2, count: 2, varianceKind: 'none' });
      expect(cohortOf(line({ variance: [0.5] }), line({ variance: [1] }))).toMatchObject({
        varianceKind: 'scalar',
        variances: Float32Array.of(0.5, 1),
      });
    });

    it.each([
      ['one embedding', [line()], 'holds 1 embeddings; two or more'],
      ['text', [line(), 'x'], 'cohort.jsonl:2 is no JSON'],
      ['a sample that failed', [line(), '{"input":"b","error":{}}'], 'cohort.jsonl:2 holds no embedding'],
      ['two spaces', [line(), line({ space: 's/1' })], 'cohort.jsonl:2 is of another space'],
      ['a variance now and then', [line(), line({ variance: [1] })], 'another space or kind'],
    ])('refuses %s', (_, lines, problem) => {
      expect(() => cohortOf(...lines)).toThrow(problem);
    });

    it('is named where it is not there', () => {
      expect(() => readCohort(join(folder, 'gone'))).toThrow('gone cannot be read');
    });
  });
});
