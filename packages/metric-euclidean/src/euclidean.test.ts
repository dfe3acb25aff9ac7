import { euclideanReference, metricConformance, normalised, squaredEuclideanReference } from '@affinis/conformance';
import plugin, { createEuclidean, euclidean } from './index.ts';

metricConformance('euclidean', () => createEuclidean({ squared: false, normalise: false }), {
  polarity: 'distance',
  needsVariance: false,
  reference: euclideanReference,
  range: [0, Number.POSITIVE_INFINITY],
  selfScore: 0,
  separates: true,
  triangleInequality: true,
  examples: [
    { what: '3-4-5', left: { mean: [1, 1] }, right: { mean: [4, 5] }, score: 5 },
    { what: 'one dimension', left: { mean: [-2] }, right: { mean: [3] }, score: 5 },
  ],
});

metricConformance('euclidean, squared', () => createEuclidean({ squared: true, normalise: false }), {
  polarity: 'distance',
  needsVariance: false,
  reference: squaredEuclideanReference,
  range: [0, Number.POSITIVE_INFINITY],
  selfScore: 0,
  separates: true,
  examples: [{ what: '3-4-5', left: { mean: [1, 1] }, right: { mean: [4, 5] }, score: 25 }],
});

metricConformance('euclidean, normalised', () => createEuclidean({ squared: false, normalise: true }), {
  polarity: 'distance',
  needsVariance: false,
  reference: normalised(euclideanReference),
  range: [0, 2 + 1e-12],
  selfScore: 0,
  triangleInequality: true,
  scaleInvariant: true,
  examples: [
    { what: 'a right angle', left: { mean: [3, 0] }, right: { mean: [0, 0.1] }, score: Math.SQRT2 },
    { what: 'opposite directions', left: { mean: [1, 1] }, right: { mean: [-3, -3] }, score: 2 },
  ],
});

describe('euclidean', () => {
  it('is offered by the plugin under its id, plain by default', () => {
    expect(plugin.metrics).toEqual([euclidean]);
    expect(euclidean.parameters.parse({})).toEqual({ squared: false, normalise: false });
    expect(euclidean.create(euclidean.parameters.parse({}))).toMatchObject({ id: 'euclidean', polarity: 'distance' });
  });

  it('refuses parameters that it does not have', () => {
    expect(() => euclidean.parameters.parse({ normalize: true })).toThrow('normalize');
  });
});
