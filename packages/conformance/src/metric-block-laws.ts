import assert from 'node:assert/strict';
import type { EmbeddingBlock, Metric } from '@affinis/core';
import fc from 'fast-check';
import { assertRefused } from './assert-refused.ts';
import { type Law, type MetricClaims, varianceKindsOf } from './metric-claims.ts';
import { type Point, packBlock, pointsArbitrary, reduced, scorePair, type VarianceKind } from './points.ts';

const untouched = -12345.5;

/** What `scoreBlock` owes beyond the score of one pair. */
export function blockLaws(claims: MetricClaims): readonly Law[] {
  const laws: Law[] = [
    ['scores a block as it scores its pairs, digit for digit', (metric) => blocksEqualPairs(metric, claims)],
    ['scores only the rows of a view, and changes nothing else', (metric) => respectsViews(metric, claims)],
    ['takes empty blocks', (metric) => takesEmptyBlocks(metric, claims)],
    ['refuses blocks of two dimensions', (metric) => refusesMixedDimensions(metric, claims)],
  ];
  if (claims.needsVariance) laws.push(['refuses a block without variance on either side', refusesMissingVariance]);
  return laws;
}

function blocksEqualPairs(metric: Metric, claims: MetricClaims): void {
  forBlocks(claims, (points, queryKind, referenceKind) => {
    const queries = points.slice(0, 3).map((point) => reduced(point, queryKind));
    const references = points.slice(3).map((point) => reduced(point, referenceKind));
    const scores = new Float64Array(queries.length * references.length);
    metric.scoreBlock(packBlock(queries, queryKind), packBlock(references, referenceKind), scores);
    const pairs = queries.flatMap((query) =>
      references.map((reference) => {
        const single = new Float64Array(1);
        metric.scoreBlock(packBlock([query], queryKind), packBlock([reference], referenceKind), single);
        return single[0];
      }),
    );
    assert.deepEqual([...scores], pairs);
  });
}

function respectsViews(metric: Metric, claims: MetricClaims): void {
  forBlocks(claims, (points, queryKind, referenceKind) => {
    const queries = packBlock(
      points.map((point) => reduced(point, queryKind)),
      queryKind,
    );
    const references = packBlock(
      points.map((point) => reduced(point, referenceKind)),
      referenceKind,
    );
    const whole = new Float64Array(points.length ** 2);
    metric.scoreBlock(queries, references, whole);
    Object.assign(queries, { start: 2, count: 2 });
    Object.assign(references, { start: 1, count: 3 });
    const before = snapshot(queries, references);
    const scores = new Float64Array(8).fill(untouched);
    metric.scoreBlock(queries, references, scores);
    const expected = [2, 3].flatMap((q) => [1, 2, 3].map((r) => whole[q * points.length + r]));
    assert.deepEqual([...scores], [...expected, untouched, untouched]);
    assert.deepEqual(snapshot(queries, references), before);
  });
}

function takesEmptyBlocks(metric: Metric, claims: MetricClaims): void {
  const kind = varianceKindsOf(claims)[0] ?? 'none';
  const block = packBlock([samplePoint(3)], kind);
  const scores = Float64Array.of(untouched);
  metric.scoreBlock({ ...block, count: 0 }, block, scores);
  metric.scoreBlock(block, { ...block, count: 0 }, scores);
  assert.equal(scores[0], untouched);
}

function refusesMixedDimensions(metric: Metric, claims: MetricClaims): void {
  const kind = varianceKindsOf(claims)[0] ?? 'none';
  const blocks = [3, 4].map((dimension) => packBlock([samplePoint(dimension)], kind)) as [
    EmbeddingBlock,
    EmbeddingBlock,
  ];
  assertRefused(() => metric.scoreBlock(blocks[0], blocks[1], new Float64Array(1)));
  assertRefused(() => metric.scoreBlock(blocks[1], blocks[0], new Float64Array(1)));
}

function refusesMissingVariance(metric: Metric): void {
  const point = samplePoint(3);
  assertRefused(() => scorePair(metric, point, { mean: point.mean }));
  assertRefused(() => scorePair(metric, { mean: point.mean }, point));
  assertRefused(() => scorePair(metric, { mean: point.mean }, { mean: point.mean }));
}

function forBlocks(
  claims: MetricClaims,
  check: (points: readonly Point[], queryKind: VarianceKind, referenceKind: VarianceKind) => void,
): void {
  const kinds = varianceKindsOf(claims);
  for (const queryKind of kinds)
    for (const referenceKind of kinds)
      fc.assert(
        fc.property(pointsArbitrary(7, 'diagonal'), (points) => check(points, queryKind, referenceKind)),
        { numRuns: 30 },
      );
}

const samplePoint = (dimension: number): Point => ({
  mean: new Float32Array(dimension).fill(0.5),
  variance: new Float32Array(dimension).fill(0.1),
});

const snapshot = (...blocks: readonly EmbeddingBlock[]) =>
  blocks.map(({ start, count, means, variances }) => ({
    start,
    count,
    means: [...means],
    variances: [...(variances ?? [])],
  }));
