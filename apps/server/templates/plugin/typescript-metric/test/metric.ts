import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { metricConformance } from '@affinis/conformance';
import { createDistance, distance } from '../src/index.ts';

const sum = (terms: readonly number[]) => terms.reduce((total, term) => total + term, 0);

metricConformance('__name__', () => createDistance({ floor: 0.5 }), {
  polarity: 'distance',
  needsVariance: false,
  // The definition once more, as plainly as it can be written: the metric is held to it.
  reference(left, right) {
    const terms = left.mean.map((a, d) => {
      const b = right.mean[d] ?? Number.NaN;
      return Math.abs(a - b) / (Math.abs(a) + Math.abs(b) + 0.5);
    });
    return { score: sum(terms), magnitude: sum(terms) };
  },
  selfScore: 0,
  separates: true,
  ranksAsEuclidean: false,
  examples: [{ what: 'by hand', left: { mean: [1, 0] }, right: { mean: [2.5, 0.5] }, score: 1.5 / 4 + 0.5 / 1 }],
  runner: { describe, it, afterAll: after },
});

describe('parameters', () => {
  it('have defaults, and bounds', () => {
    assert.deepEqual(distance.parameters.parse({}), { floor: 0.001 });
    assert.throws(() => distance.parameters.parse({ floor: 0 }));
  });
});
