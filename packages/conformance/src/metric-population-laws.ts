import assert from 'node:assert/strict';
import type { Metric, Population } from '@affinis/core';
import fc from 'fast-check';
import { assertRefused } from './assert-refused.ts';
import { type EvenPopulation, type Law, type MetricClaims, varianceKindsOf } from './metric-claims.ts';
import { ordinary, type Point, pointsArbitrary, reduced, scorePair } from './points.ts';

/** Makes a metric with a model's population, or without where the model has none. */
export type CreateMetric = (population?: Population) => Metric;

/** What a metric owes that compares with a population: none of it holds for metrics that claim no `population`. */
export function populationLaws(createMetric: CreateMetric, claims: MetricClaims): readonly Law[] {
  const { population } = claims;
  if (!population) return [];
  return [
    ['refuses to score without a population', () => refusesToScore(createMetric())],
    ['refuses a population of another dimension', () => refusesToScore(createMetric(spread(population, 4)))],
    ['finds no evidence where a side knows nothing', (metric) => findsNoEvidenceInNothing(metric, claims)],
    ['does not depend on where the origin is', () => ignoresOrigin(createMetric, population, claims)],
  ];
}

/** What a metric owes whose parameters were learned for one dimension. */
export function learnedLaws({ createForDimension }: MetricClaims): readonly Law[] {
  if (!createForDimension) return [];
  return [
    ['refuses embeddings of a dimension that it was not learned for', () => refusesToScore(createForDimension(4))],
  ];
}

/** How the suite makes a metric of one dimension: with a population or learned parameters of that dimension. */
export function metricForDimension(createMetric: CreateMetric, claims: MetricClaims): (dimension: number) => Metric {
  const { population, createForDimension } = claims;
  if (createForDimension) return createForDimension;
  return (dimension) => createMetric(population && spread(population, dimension));
}

/** The suite's embeddings are of many dimensions: each gets a metric of its own. */
export function forAnyDimension(metricFor: (dimension: number) => Metric): Metric {
  const metrics = new Map<number, Metric>();
  const { scan: _, ...declared } = metricFor(1);
  return {
    ...declared,
    scoreBlock(queries, references, scores) {
      const { dimension } = queries;
      const metric = metrics.get(dimension) ?? metricFor(dimension);
      metrics.set(dimension, metric);
      metric.scoreBlock(queries, references, scores);
    },
  };
}

function refusesToScore(metric: Metric): void {
  const point: Point = { mean: Float32Array.of(1, 2, 3), variance: Float32Array.of(1, 1, 1) };
  assertRefused(() => scorePair(metric, point, point));
}

function findsNoEvidenceInNothing(metric: Metric, claims: MetricClaims): void {
  for (const kind of varianceKindsOf(claims))
    fc.assert(
      fc.property(pointsArbitrary(2, kind, ordinary), ([left, right]) => {
        if (!left || !right) return;
        const nothing = { mean: right.mean, variance: right.variance?.map(() => 1e30) ?? Float32Array.of(1e30) };
        assert.ok(Math.abs(scorePair(metric, left, nothing)) < 1e-9);
        assert.ok(Math.abs(scorePair(metric, nothing, left)) < 1e-9);
      }),
    );
}

/** By steps that float32 holds exactly. */
function ignoresOrigin(createMetric: CreateMetric, population: EvenPopulation, claims: MetricClaims): void {
  const exact = fc.integer({ min: -64, max: 64 }).map((value) => value / 16);
  const means = fc.tuple(exact, exact, exact);
  const variance = Float32Array.of(0.5, 0.25, 2);
  for (const kind of varianceKindsOf(claims))
    fc.assert(
      fc.property(means, means, fc.integer({ min: -8, max: 8 }), (left, right, step) => {
        const score = (by: number) =>
          scorePair(
            createMetric(spread({ ...population, mean: population.mean + by }, 3)),
            reduced({ mean: Float32Array.from(left, (value) => value + by), variance }, kind),
            reduced({ mean: Float32Array.from(right, (value) => value + by), variance }, kind),
          );
        assert.ok(Math.abs(score(step) - score(0)) <= 1e-12 * Math.max(1, Math.abs(score(0))));
      }),
    );
}

function spread({ mean, between }: EvenPopulation, dimension: number): Population {
  return { mean: new Float32Array(dimension).fill(mean), between: new Float32Array(dimension).fill(between) };
}
