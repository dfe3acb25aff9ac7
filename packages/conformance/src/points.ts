import type { EmbeddingBlock, Metric } from '@affinis/core';
import fc from 'fast-check';
import type { ReferencePoint } from './metric-references.ts';

/** A float32 embedding as the suites make them. */
export interface Point {
  readonly mean: Float32Array;
  readonly variance?: Float32Array;
}

export type VarianceKind = EmbeddingBlock['varianceKind'];

/** Packs points of one dimension and one kind of variance into a block. */
export function packBlock(points: readonly Point[], varianceKind: VarianceKind, unitNorm = false): EmbeddingBlock {
  const dimension = points[0]?.mean.length ?? 1;
  const means = concatenated(points.map((point) => point.mean));
  const variances = concatenated(points.map((point) => point.variance ?? new Float32Array()));
  return {
    dimension,
    means,
    ...(varianceKind === 'none' ? {} : { variances }),
    varianceKind,
    unitNorm,
    start: 0,
    count: points.length,
  };
}

export function scorePair(metric: Metric, left: Point, right: Point, unitNorm = false): number {
  const scores = new Float64Array(1);
  metric.scoreBlock(packBlock([left], kindOf(left), unitNorm), packBlock([right], kindOf(right), unitNorm), scores);
  return scores[0] as number;
}

export const kindOf = ({ mean, variance }: Point): VarianceKind => {
  if (!variance) return 'none';
  return variance.length === 1 && mean.length !== 1 ? 'scalar' : 'diagonal';
};

/** The same point with another kind of variance; `scalar` keeps the first dimension's. */
export function reduced({ mean, variance }: Point, kind: VarianceKind): Point {
  if (kind === 'none' || !variance) return { mean };
  return { mean, variance: kind === 'scalar' ? variance.slice(0, 1) : variance };
}

export const toReference = ({ mean, variance }: Point): ReferencePoint => ({
  mean: [...mean],
  ...(variance ? { variance: [...variance] } : {}),
});

export const scaled = (values: Float32Array, factor: number): Float32Array => values.map((value) => value * factor);

/** `count` points of one dimension (1 … 19, so that every tail of an unrolled loop is met). */
export function pointsArbitrary(
  count: number,
  varianceKind: VarianceKind,
  range: Range = ordinary,
): fc.Arbitrary<Point[]> {
  return fc
    .integer({ min: 1, max: 19 })
    .chain((dimension) =>
      fc.array(pointArbitrary(dimension, varianceKind, range), { minLength: count, maxLength: count }),
    );
}

export function unitPointsArbitrary(count: number, varianceKind: VarianceKind): fc.Arbitrary<Point[]> {
  return pointsArbitrary(count, varianceKind).map((points) =>
    points.map((point) => ({ ...point, mean: unit(point.mean) })),
  );
}

export interface Range {
  /** Powers of ten of a mean's magnitude. */
  readonly mean: readonly [number, number];
  readonly variance: readonly [number, number];
}

export const ordinary: Range = { mean: [-2, 1], variance: [-4, 1] };
export const extreme: Range = { mean: [-20, 20], variance: [-30, 20] };

function pointArbitrary(dimension: number, varianceKind: VarianceKind, range: Range): fc.Arbitrary<Point> {
  const mean = fc.oneof(
    fc.array(signed(range.mean), exactly(dimension)),
    fc.array(fc.constantFrom(-1, 0, 1), exactly(dimension)),
  );
  const variance = fc.array(magnitude(range.variance), exactly(varianceKind === 'scalar' ? 1 : dimension));
  return fc.record({ mean: mean.filter((values) => values.some((value) => value !== 0)), variance }).map((point) => ({
    mean: Float32Array.from(point.mean),
    ...(varianceKind === 'none' ? {} : { variance: Float32Array.from(point.variance) }),
  }));
}

function unit(mean: Float32Array): Float32Array {
  return scaled(mean, 1 / Math.sqrt(mean.reduce((total, value) => total + value * value, 0)));
}

function concatenated(parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

const exactly = (length: number) => ({ minLength: length, maxLength: length });
const magnitude = ([min, max]: readonly [number, number]): fc.Arbitrary<number> =>
  fc.double({ min, max, noNaN: true }).map((exponent) => 10 ** exponent);
const signed = (exponents: readonly [number, number]): fc.Arbitrary<number> =>
  fc.tuple(magnitude(exponents), fc.boolean()).map(([value, negative]) => (negative ? -value : value));
