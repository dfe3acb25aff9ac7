import assert from 'node:assert/strict';
import type { Metric } from '@affinis/core';
import fc from 'fast-check';
import { type Law, type MetricClaims, varianceKindsOf } from './metric-claims.ts';
import type { ReferencePoint, ReferenceScore } from './metric-references.ts';
import {
  extreme,
  ordinary,
  type Point,
  pointsArbitrary,
  reduced,
  scaled,
  scorePair,
  toReference,
  unitPointsArbitrary,
} from './points.ts';

/** Float32 rounding of a unit-norm mean: what a metric may lose by trusting the flag. */
const unitNormRounding = 1e-6;

/** The laws of a single pair's score. */
export function mathematicalLaws(claims: MetricClaims): readonly Law[] {
  const kinds = varianceKindsOf(claims);
  const laws: Law[] = [
    ['agrees with the float64 reference', (metric) => agreesWithReference(metric, claims, ordinary)],
    ['agrees with it, and stays finite, at extreme values', (metric) => agreesWithReference(metric, claims, extreme)],
    ['agrees with it where means are declared unit-norm', (metric) => agreesForUnitNorm(metric, claims)],
  ];
  if (claims.dimensionsInterchange ?? true)
    laws.push(['does not depend on the order of dimensions', (metric) => ignoresOrderOfDimensions(metric, claims)]);
  if (claims.symmetric ?? true) laws.push(['is symmetric', (metric) => isSymmetric(metric, claims)]);
  if (claims.selfIsBest ?? true)
    laws.push(['finds nothing more alike than the embedding itself', (metric) => selfIsBest(metric, claims)]);
  if (claims.ranksAsEuclidean ?? true)
    laws.push([
      'ranks unit-norm means of one constant variance by their distance',
      (metric) => ranksAsEuclidean(metric, claims),
    ]);
  if (claims.range) laws.push(['stays within its range', (metric) => staysInRange(metric, claims)]);
  if (claims.selfScore !== undefined) laws.push(['gives its self-score', (metric) => givesSelfScore(metric, claims)]);
  if (claims.separates) laws.push(['is zero for equal means only', separates]);
  if (claims.triangleInequality) laws.push(['obeys the triangle inequality', obeysTriangleInequality]);
  if (claims.scaleInvariant) laws.push(['does not depend on the length of a mean', ignoresScale]);
  if (kinds.includes('scalar') && kinds.includes('diagonal'))
    laws.push(['scores a diagonal variance of equal entries as the scalar one', equalEntriesAreScalar]);
  if (!claims.needsVariance) laws.push(['ignores a variance', ignoresVariance]);
  for (const { what, left, right, score } of claims.examples ?? [])
    laws.push([
      `example: ${what}`,
      (metric) => assertClose(scorePair(metric, toPoint(left), toPoint(right)), score, 1e-6),
    ]);
  return laws;
}

function agreesWithReference(metric: Metric, claims: MetricClaims, range: typeof ordinary): void {
  forPairs(claims, range, (left, right) => {
    const score = scorePair(metric, left, right);
    assertReference(score, claims.reference(toReference(left), toReference(right)), claims.tolerance ?? 1e-12);
  });
}

function agreesForUnitNorm(metric: Metric, claims: MetricClaims): void {
  for (const kind of varianceKindsOf(claims))
    fc.assert(
      fc.property(unitPointsArbitrary(2, kind), ([left, right]) => {
        if (!left || !right) return;
        const expected = claims.reference(toReference(left), toReference(right));
        assertReference(
          scorePair(metric, left, right, true),
          expected,
          Math.max(unitNormRounding, claims.tolerance ?? 0),
        );
      }),
    );
}

function isSymmetric(metric: Metric, claims: MetricClaims): void {
  forPairs(claims, ordinary, (left, right) => {
    const { magnitude } = claims.reference(toReference(left), toReference(right));
    assertClose(scorePair(metric, left, right), scorePair(metric, right, left), 1e-14 * Math.max(1, magnitude));
  });
}

function ignoresOrderOfDimensions(metric: Metric, claims: MetricClaims): void {
  forPairs(claims, ordinary, (left, right) => {
    const { magnitude } = claims.reference(toReference(left), toReference(right));
    const reversed = scorePair(metric, reversedPoint(left), reversedPoint(right));
    assertClose(reversed, scorePair(metric, left, right), 1e-12 * Math.max(1, magnitude));
  });
}

function selfIsBest(metric: Metric, claims: MetricClaims): void {
  forPairs(claims, ordinary, (left, other) => {
    const right = withVarianceOf(left, other.mean);
    const self = likeness(metric, left, left);
    const { magnitude } = claims.reference(toReference(left), toReference(left));
    assert.ok(
      likeness(metric, left, right) <= self + 1e-14 * Math.max(1, magnitude),
      'another mean is more alike than itself',
    );
  });
}

function ranksAsEuclidean(metric: Metric, claims: MetricClaims): void {
  for (const kind of varianceKindsOf(claims))
    fc.assert(
      fc.property(unitPointsArbitrary(3, kind), ([anchor, left, right]) => {
        if (!anchor || !left || !right) return;
        const constant = {
          mean: anchor.mean,
          ...(anchor.variance ? { variance: anchor.variance.map(() => 0.25) } : {}),
        };
        const difference = distance(anchor.mean, left.mean) - distance(anchor.mean, right.mean);
        // Nearer than float32 can tell apart: either order is right.
        if (Math.abs(difference) < 1e-3) return;
        const gain =
          likeness(metric, constant, withVarianceOf(constant, right.mean), true) -
          likeness(metric, constant, withVarianceOf(constant, left.mean), true);
        assert.equal(Math.sign(gain), Math.sign(difference));
      }),
    );
}

function staysInRange(metric: Metric, claims: MetricClaims): void {
  const [lowest, highest] = claims.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const check = (score: number) =>
    assert.ok(score >= lowest && score <= highest, `${score} is outside ${lowest} … ${highest}`);
  forPairs(claims, extreme, (left, right) => {
    check(scorePair(metric, left, right));
    check(scorePair(metric, left, left));
    check(scorePair(metric, left, { ...left, mean: scaled(left.mean, -1) }));
  });
  for (const kind of varianceKindsOf(claims))
    fc.assert(
      fc.property(unitPointsArbitrary(1, kind), ([point]) => {
        if (point) check(scorePair(metric, point, point, true));
      }),
    );
}

function givesSelfScore(metric: Metric, claims: MetricClaims): void {
  forPairs(claims, ordinary, (point) => assertClose(scorePair(metric, point, point), claims.selfScore ?? 0, 1e-12));
}

function separates(metric: Metric): void {
  fc.assert(
    fc.property(pointsArbitrary(2, 'none', extreme), ([left, right]) => {
      if (!left || !right) return;
      assert.equal(scorePair(metric, left, left), 0);
      if (left.mean.some((value, d) => value !== right.mean[d])) assert.ok(scorePair(metric, left, right) > 0);
    }),
  );
}

function obeysTriangleInequality(metric: Metric): void {
  fc.assert(
    fc.property(pointsArbitrary(3, 'none'), ([a, b, c]) => {
      if (!a || !b || !c) return;
      const detour = scorePair(metric, a, b) + scorePair(metric, b, c);
      assert.ok(scorePair(metric, a, c) <= detour * (1 + 1e-12));
    }),
  );
}

function ignoresScale(metric: Metric): void {
  fc.assert(
    fc.property(
      pointsArbitrary(2, 'none'),
      fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      ([left, right], factor) => {
        if (!left || !right) return;
        // Scaling rounds to float32 again.
        assertClose(
          scorePair(metric, { mean: scaled(left.mean, factor) }, right),
          scorePair(metric, left, right),
          1e-6,
        );
      },
    ),
  );
}

function equalEntriesAreScalar(metric: Metric): void {
  fc.assert(
    fc.property(pointsArbitrary(2, 'scalar'), ([left, right]) => {
      if (!left || !right) return;
      const expected = scorePair(metric, left, right);
      const tolerance = 1e-12 * (Math.abs(expected) + 100 * left.mean.length);
      assertClose(scorePair(metric, spread(left), spread(right)), expected, tolerance);
      assertClose(scorePair(metric, left, spread(right)), expected, tolerance);
      assertClose(scorePair(metric, spread(left), right), expected, tolerance);
    }),
  );
}

function ignoresVariance(metric: Metric): void {
  fc.assert(
    fc.property(pointsArbitrary(2, 'diagonal'), ([left, right]) => {
      if (!left || !right) return;
      assert.equal(scorePair(metric, left, right), scorePair(metric, { mean: left.mean }, { mean: right.mean }));
    }),
  );
}

/** Every combination of the kinds of variance that may meet. */
function forPairs(claims: MetricClaims, range: typeof ordinary, check: (left: Point, right: Point) => void): void {
  const kinds = varianceKindsOf(claims);
  for (const leftKind of kinds)
    for (const rightKind of kinds)
      fc.assert(
        fc.property(pointsArbitrary(2, 'diagonal', range), ([left, right]) => {
          if (left && right) check(reduced(left, leftKind), reduced(right, rightKind));
        }),
      );
}

const likeness = (metric: Metric, left: Point, right: Point, unitNorm = false): number =>
  (metric.polarity === 'similarity' ? 1 : -1) * scorePair(metric, left, right, unitNorm);

const withVarianceOf = ({ variance }: Point, mean: Float32Array): Point => ({
  mean,
  ...(variance ? { variance } : {}),
});

const reversedPoint = ({ mean, variance }: Point): Point => ({
  mean: mean.toReversed(),
  ...(variance ? { variance: variance.toReversed() } : {}),
});

const spread = ({ mean, variance }: Point): Point => ({ mean, variance: mean.map(() => variance?.[0] ?? Number.NaN) });

const distance = (left: Float32Array, right: Float32Array): number =>
  Math.sqrt(left.reduce((total, value, d) => total + (value - (right[d] ?? Number.NaN)) ** 2, 0));

const toPoint = ({ mean, variance }: ReferencePoint): Point => ({
  mean: Float32Array.from(mean),
  ...(variance ? { variance: Float32Array.from(variance) } : {}),
});

function assertReference(score: number, expected: ReferenceScore, tolerance: number): void {
  assert.ok(Number.isFinite(score), `${score} is not finite`);
  assertClose(score, expected.score, tolerance * expected.magnitude);
}

function assertClose(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} within ${tolerance}`);
}
