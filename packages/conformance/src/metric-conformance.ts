import assert from 'node:assert/strict';
import type { Metric } from '@affinis/core';
import { blockLaws } from './metric-block-laws.ts';
import type { MetricClaims } from './metric-claims.ts';
import { mathematicalLaws } from './metric-laws.ts';
import { globalRunner } from './test-runner.ts';

/** Declares the suite that every metric must pass; one metric may be created many times. */
export function metricConformance(name: string, createMetric: () => Metric, claims: MetricClaims): void {
  const { describe, it } = claims.runner ?? globalRunner();
  describe(`metric conformance: ${name}`, () => {
    it('declares an id, its polarity and whether it needs a variance', () => {
      const metric = createMetric();
      assert.match(metric.id, /^[a-z0-9][a-z0-9._-]*$/);
      assert.equal(metric.polarity, claims.polarity);
      assert.equal(metric.needsVariance, claims.needsVariance);
    });
    for (const [law, check] of [...mathematicalLaws(claims), ...blockLaws(claims)])
      it(law, () => check(createMetric()));
  });
}
