import { cosineReference, metricConformance } from '@affinis/conformance';
import plugin, { cosine, createCosine } from './index.ts';

metricConformance('cosine', createCosine, {
  polarity: 'similarity',
  needsVariance: false,
  reference: cosineReference,
  range: [-1, 1],
  selfScore: 1,
  scaleInvariant: true,
  examples: [
    { what: 'a right angle', left: { mean: [1, 0] }, right: { mean: [0, 2] }, score: 0 },
    { what: 'opposite directions', left: { mean: [1, 2] }, right: { mean: [-2, -4] }, score: -1 },
    { what: '60 degrees', left: { mean: [2, 0] }, right: { mean: [1, Math.sqrt(3)] }, score: 0.5 },
    { what: '3-4-5', left: { mean: [3, 4] }, right: { mean: [4, 3] }, score: 24 / 25 },
  ],
});

describe('cosine', () => {
  it('is offered by the plugin under its id', () => {
    expect(plugin.metrics).toEqual([cosine]);
    expect(cosine.create(cosine.parameters.parse({}))).toMatchObject({ id: 'cosine' });
  });

  it('has no parameters', () => {
    expect(() => cosine.parameters.parse({ squared: true })).toThrow('squared');
  });
});
