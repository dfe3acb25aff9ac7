import assert from 'node:assert/strict';
import { blockLaws } from './metric-block-laws.ts';
import type { MetricClaims } from './metric-claims.ts';
import { mathematicalLaws } from './metric-laws.ts';
import {
  type CreateMetric,
  forAnyDimension,
  learnedLaws,
  metricForDimension,
  populationLaws,
} from './metric-population-laws.ts';
import { scanLaws } from './metric-scan-laws.ts';
import { globalRunner } from './test-runner.ts';

/** Declares the suite that every metric must pass; one metric may be created many times, by each law anew. */
export function metricConformance(name: string, createMetric: CreateMetric, claims: MetricClaims): void {
  const { describe, it } = claims.runner ?? globalRunner();
  const metricFor = metricForDimension(createMetric, claims);
  const ofOneDimension = claims.population !== undefined || claims.createForDimension !== undefined;
  const metricUnderTest = () => (ofOneDimension ? forAnyDimension(metricFor) : createMetric());
  describe(`metric conformance: ${name}`, () => {
    it('declares an id, its polarity and whether it needs a variance', () => {
      const metric = createMetric();
      assert.match(metric.id, /^[a-z0-9][a-z0-9._-]*$/);
      assert.equal(metric.polarity, claims.polarity);
      assert.equal(metric.needsVariance, claims.needsVariance);
    });
    const laws = [
      ...mathematicalLaws(claims),
      ...blockLaws(claims),
      ...scanLaws(metricFor, claims),
      ...learnedLaws(claims),
      ...populationLaws(createMetric, claims),
    ];
    for (const [law, check] of laws) it(law, () => check(metricUnderTest()));
  });
}
