import { AffinisError, type EmbeddingBlock, type Metric, type ScanForm } from '@affinis/core';
import { collectingRunner } from './collecting-runner.ts';
import type { MetricClaims } from './metric-claims.ts';
import { metricConformance } from './metric-conformance.ts';
import { cosineReference, euclideanReference, mlsLlrReference, mlsReference } from './metric-references.ts';

const euclidean: MetricClaims = {
  polarity: 'distance',
  needsVariance: false,
  reference: euclideanReference,
  range: [0, Number.POSITIVE_INFINITY],
  selfScore: 0,
  separates: true,
  triangleInequality: true,
};

/** A Euclidean metric whose every row pair is scored by `score`. */
const metricOf = (
  score: (a: Float32Array, b: Float32Array) => number,
  polarity: Metric['polarity'] = 'distance',
): Metric => ({
  id: 'broken',
  polarity,
  needsVariance: false,
  scoreBlock(queries, references, scores) {
    if (queries.dimension !== references.dimension)
      throw new AffinisError('failed-precondition', '[broken] dimensions');
    for (let q = 0; q < queries.count; q++)
      for (let r = 0; r < references.count; r++)
        scores[q * references.count + r] = score(row(queries, q), row(references, r));
  },
});

const row = ({ means, dimension, start }: EmbeddingBlock, index: number): Float32Array =>
  means.subarray((start + index) * dimension, (start + index + 1) * dimension);

const squares = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, d) => sum + (x - (b[d] ?? 0)) ** 2, 0);
const sound = metricOf((a, b) => Math.sqrt(squares(a, b)));

const nothing = (dimension: number): ScanForm => ({
  kind: 'euclidean',
  projection: { matrix: new Float32Array(dimension) },
});

describe('the metric suite', () => {
  it('passes a sound metric', async () => {
    expect(await failuresOf(sound, euclidean)).toEqual([]);
  });

  const broken: [string, Metric, MetricClaims, string[]][] = [
    ['the other polarity', { ...sound, polarity: 'similarity' }, euclidean, ['declares an id', 'nothing more alike']],
    ['a square', metricOf(squares), euclidean, ['agrees with the float64 reference', 'triangle inequality']],
    [
      'float32 accumulation',
      metricOf((a, b) => Math.fround(Math.sqrt(squares(a, b)))),
      euclidean,
      ['agrees with the float64 reference'],
    ],
    [
      'a lost first dimension',
      metricOf((a, b) => Math.sqrt(squares(a.slice(1), b.slice(1)))),
      euclidean,
      ['zero for equal'],
    ],
    [
      'a one-sided weight',
      metricOf((a, b) =>
        Math.sqrt(
          squares(
            a.map((x) => x * 1.5),
            b,
          ),
        ),
      ),
      euclidean,
      ['symmetric'],
    ],
    ['an ignored start', ignoringStart(sound), euclidean, ['rows of a view']],
    ['rows of a wrong stride', wrongStride(sound), euclidean, ['rows of a view']],
    ['no check of dimensions', metricOf(() => 0), euclidean, ['agrees with the float64 reference', 'zero for equal']],
    [
      'a plain product in place of a cosine',
      metricOf((a, b) => a.reduce((sum, x, d) => sum + x * (b[d] ?? 0), 0), 'similarity'),
      {
        polarity: 'similarity',
        needsVariance: false,
        reference: cosineReference,
        range: [-1, 1],
        scaleInvariant: true,
      },
      ['agrees with the float64 reference', 'stays within its range', 'length of a mean'],
    ],
    [
      'a claim of variance without use of it',
      { ...metricOf((a, b) => -squares(a, b), 'similarity'), needsVariance: true },
      { polarity: 'similarity', needsVariance: true, reference: mlsReference },
      ['agrees with the float64 reference', 'refuses a block without variance'],
    ],
    ['a scan form of another order', { ...sound, scan: { kind: 'cosine' } }, euclidean, ['as its scan form']],
    [
      'a scan form that tells no rows apart',
      sound,
      { ...euclidean, createForDimension: (dimension) => ({ ...sound, scan: nothing(dimension) }) },
      ['as its scan form', 'a dimension that it was not learned for'],
    ],
    [
      'a claim of a population without use of it',
      { ...metricOf((a, b) => -squares(a, b), 'similarity'), needsVariance: true },
      {
        polarity: 'similarity',
        needsVariance: true,
        population: { mean: 0.25, between: 0.5 },
        reference: mlsLlrReference(() => ({ mean: 0.25, between: 0.5 })),
      },
      ['score without a population', 'population of another dimension', 'no evidence where a side knows nothing'],
    ],
  ];
  it.each(broken)('fails %s', async (_, metric, claims, expected) => {
    const failures = await failuresOf(metric, claims);
    for (const part of expected) expect(failures).toContainEqual(expect.stringContaining(part));
  });
});

function failuresOf(metric: Metric, claims: MetricClaims): Promise<readonly string[]> {
  const { runner, failures } = collectingRunner();
  metricConformance(metric.id, () => metric, { ...claims, runner });
  return failures();
}

function ignoringStart(metric: Metric): Metric {
  return { ...metric, scoreBlock: (q, r, scores) => metric.scoreBlock({ ...q, start: 0 }, r, scores) };
}

function wrongStride(metric: Metric): Metric {
  return {
    ...metric,
    scoreBlock(queries, references, scores) {
      const rows = references.means.length / references.dimension;
      const buffer = new Float64Array(queries.count * references.count);
      metric.scoreBlock(queries, references, buffer);
      buffer.forEach((score, i) => {
        scores[Math.floor(i / references.count) * rows + (i % references.count)] = score;
      });
    },
  };
}
