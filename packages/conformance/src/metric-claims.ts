import type { Metric } from '@affinis/core';
import type { MetricReference, ReferencePoint } from './metric-references.ts';
import type { VarianceKind } from './points.ts';
import type { TestRunner } from './test-runner.ts';

/** What a metric claims about itself; the suite holds it to every claim. */
export interface MetricClaims {
  readonly polarity: Metric['polarity'];
  readonly needsVariance: boolean;
  /** The definition, written down independently in float64. */
  readonly reference: MetricReference;
  /** Largest difference from the reference, relative to the magnitude of its terms. Default 1e-12. */
  readonly tolerance?: number;
  /** Kinds of variance that may meet in a pair. Default: none, or scalar and diagonal where a variance is needed. */
  readonly varianceKinds?: readonly VarianceKind[];
  /** Smallest and largest score. */
  readonly range?: readonly [number, number];
  /** Score of an embedding with itself. */
  readonly selfScore?: number;
  /** `score(a, b) = score(b, a)`. Default true. */
  readonly symmetric?: boolean;
  /** Nothing of the same variance is more alike than the embedding itself. Default true. */
  readonly selfIsBest?: boolean;
  /** Score 0 for equal means only. */
  readonly separates?: boolean;
  /** `score(a, c) <= score(a, b) + score(b, c)`. */
  readonly triangleInequality?: boolean;
  /** A mean's length does not matter. */
  readonly scaleInvariant?: boolean;
  /** Of unit-norm means with one constant variance, the nearer is more alike. Default true. */
  readonly ranksAsEuclidean?: boolean;
  /** What the metric compares with, the same in every dimension; a metric that claims one scores nothing without. */
  readonly population?: EvenPopulation;
  /** Whether the score stays where the dimensions of both sides change places. Default true; learned ones stand for one. */
  readonly dimensionsInterchange?: boolean;
  /** Makes a metric whose parameters are of one dimension, for the suite's embeddings of 1 … 19; `reference` knows each. */
  readonly createForDimension?: (dimension: number) => Metric;
  /** Published or hand-computed scores. */
  readonly examples?: readonly MetricExample[];
  readonly runner?: TestRunner;
}

/** A population of one mean and one between-variance in every dimension. Take numbers that float32 holds exactly. */
export interface EvenPopulation {
  readonly mean: number;
  readonly between: number;
}

export interface MetricExample {
  readonly what: string;
  readonly left: ReferencePoint;
  readonly right: ReferencePoint;
  readonly score: number;
}

/** A law's name, and what throws where a metric breaks it. */
export type Law = readonly [name: string, check: (metric: Metric) => void];

export const varianceKindsOf = (claims: MetricClaims): readonly VarianceKind[] =>
  claims.varianceKinds ?? (claims.needsVariance ? ['scalar', 'diagonal'] : ['none']);
