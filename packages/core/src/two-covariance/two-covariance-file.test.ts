import { parseTwoCovariance, serialiseTwoCovariance, type TwoCovariance } from './two-covariance-file.ts';

const model: TwoCovariance = {
  dimension: 2,
  covariance: 'full',
  mean: Float64Array.of(0.1, -2),
  between: Float64Array.of(1, 0.25, 0.25, 2),
  within: Float64Array.of(0.5, -0.125, -0.125, 1 / 3),
};
const diagonal: TwoCovariance = {
  ...model,
  covariance: 'diagonal',
  between: Float64Array.of(1, 0),
  within: Float64Array.of(0.5, 0.25),
};
const parse = (text: string) => parseTwoCovariance(Buffer.from(text), 'voice.json');

describe('the PLDA file', () => {
  it.each([
    ['full', model],
    ['diagonal', diagonal],
  ])('keeps %s covariances to the last digit', (_, written) => {
    expect(parse(serialiseTwoCovariance(written))).toEqual(written);
  });

  it('takes what it was learned from along, and reads without it', () => {
    const origin = { space: 'm/0', description: 'd', subjects: 2, samples: 4, sha256: 'x', date: '2026-11-24' };
    const text = serialiseTwoCovariance(model, origin);
    expect(JSON.parse(text)).toMatchObject({ format: 'affinis.plda/1', origin });
    expect(parse(text)).toEqual({ ...model, space: 'm/0' });
  });

  it.each<[string, string, string]>([
    ['text', 'no file', 'is no JSON'],
    ['another format', serialiseTwoCovariance(model).replace('plda/1', 'plda/2'), 'format: '],
    ['another dimension', serialiseTwoCovariance({ ...model, dimension: 3 }), 'mean holds 2 numbers where 3 fit'],
    ['diagonals called full', serialiseTwoCovariance({ ...diagonal, covariance: 'full' }), 'between holds 2 numbers'],
    [
      'no number',
      serialiseTwoCovariance({ ...model, mean: Float64Array.of(0, Number.NaN) }),
      'mean[1] is NaN, which is not finite',
    ],
    [
      'an asymmetric covariance',
      serialiseTwoCovariance({ ...model, between: Float64Array.of(1, 0.25, 0.5, 2) }),
      'between is not symmetric at [1, 0]',
    ],
    [
      'a variance within of 0',
      serialiseTwoCovariance({ ...diagonal, within: Float64Array.of(0.5, 0) }),
      'the variance of dimension 1 is not above 0',
    ],
    [
      'a variance between below 0',
      serialiseTwoCovariance({ ...diagonal, between: Float64Array.of(0.5, -1) }),
      'the variance of dimension 1 is below 0',
    ],
  ])('refuses %s, naming the file and what to do', (_, text, problem) => {
    expect(() => parse(text)).toThrow(problem);
    expect(() => parse(text)).toThrow(/^\[core\] PLDA file voice\.json: .*make it with "affinis fit-metric"$/);
  });
});
