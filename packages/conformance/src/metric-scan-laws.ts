import assert from 'node:assert/strict';
import type { Metric } from '@affinis/core';
import fc from 'fast-check';
import { type Law, type MetricClaims, varianceKindsOf } from './metric-claims.ts';
import { type Point, packBlock, pointsArbitrary, reduced, toReference } from './points.ts';
import { scanReference } from './scan-references.ts';

/** A form's numbers are float32, the metric's own need not be; nearer than this, relative to its terms, is a tie. */
const tie = 1e-5;

/** What a metric owes that says how a scan may rank rows in its place. `metricFor` makes it for a dimension. */
export function scanLaws(metricFor: (dimension: number) => Metric, claims: MetricClaims): readonly Law[] {
  return [['ranks rows as its scan form does, where it gives one', () => ranksAsItsForm(metricFor, claims)]];
}

function ranksAsItsForm(metricFor: (dimension: number) => Metric, claims: MetricClaims): void {
  if (!metricFor(3).scan) return;
  const kinds = varianceKindsOf(claims);
  for (const queryKind of kinds)
    for (const rowKind of kinds)
      fc.assert(
        fc.property(pointsArbitrary(7, 'diagonal'), ([first, ...points]) => {
          if (!first) return;
          const query = reduced(first, queryKind);
          const rows = points.map((point) => reduced(point, rowKind));
          const metric = metricFor(query.mean.length);
          const scores = new Float64Array(rows.length);
          metric.scoreBlock(packBlock([query], queryKind), packBlock(rows, rowKind), scores);
          assertSameOrder(metric, query, rows, scores, claims);
        }),
        { numRuns: 60 },
      );
}

/** Every two rows, so that a wrong neighbour is found at any rank. */
function assertSameOrder(
  { scan, polarity }: Metric,
  query: Point,
  rows: readonly Point[],
  scores: Float64Array,
  { reference }: MetricClaims,
): void {
  assert.ok(scan, 'the metric gives no scan form');
  const form = scanReference(scan);
  const judged = rows.map((row, r) => {
    const { score, magnitude } = form(toReference(query), toReference(row));
    const likeness = (polarity === 'similarity' ? 1 : -1) * (scores[r] ?? Number.NaN);
    const doubt = tie * Math.max(1, reference(toReference(query), toReference(row)).magnitude);
    return { scanned: score, scanDoubt: tie * magnitude, likeness, doubt };
  });
  for (const one of judged)
    for (const other of judged) {
      const byScan = one.scanned - other.scanned;
      const byMetric = one.likeness - other.likeness;
      const doubt = Math.max(one.doubt, other.doubt);
      if (byScan > Math.max(one.scanDoubt, other.scanDoubt))
        assert.ok(byMetric > -doubt, `a scan ranks a row above another by ${byScan} and the metric by ${byMetric}`);
      if (byMetric > doubt) assert.ok(byScan > 0, `the metric tells rows apart by ${byMetric} and a scan does not`);
    }
}
