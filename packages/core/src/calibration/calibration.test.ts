import { AffinisError } from '../errors.ts';
import { calibrationOf, qualityTermsOf } from '../testing/calibrations.ts';
import { fmrAt, llrAtFmr, llrOf, neededSubjectPairs, parseCalibration } from './calibration.ts';

const parse = (changes: object) => () =>
  parseCalibration(JSON.stringify({ ...calibrationOf(), ...changes }), 'face.json');

describe('a calibration', () => {
  it('turns a score into a log-likelihood ratio', () => {
    expect(llrOf(calibrationOf(), 0.5)).toBeCloseTo(-10 + 20 * 0.5);
  });

  it('reads the sides’ uncertainties where it has quality terms, the same both ways round', () => {
    const quality = qualityTermsOf({ worse: 2, better: -1, scoreWorse: 0.5 }, [-7, -3]);
    const calibration = calibrationOf({ logistic: { offset: 0, slope: 1, quality } });
    expect(llrOf(calibration, 3, -4, -6)).toBeCloseTo(3 + 2 * -4 + 6 + 0.5 * 3 * -4);
    // Beyond what it was fitted to, it takes the nearest that it knows.
    expect(llrOf(calibration, 3, 9, -50)).toBe(llrOf(calibration, 3, -3, -7));
    expect(llrOf(calibration, 3, -6, -4)).toBe(llrOf(calibration, 3, -4, -6));
    expect(() => llrOf(calibration, 3)).toThrow(
      expect.objectContaining({ code: 'failed-precondition', reason: 'NO_VARIANCE' }),
    );
  });

  it('gives the share of impostors at or above a ratio, never less than what was measured', () => {
    const calibration = calibrationOf();
    expect(fmrAt(calibration, -100)).toMatchObject({ rate: 1 });
    expect(fmrAt(calibration, -2)).toMatchObject({ rate: 0.5 });
    expect(fmrAt(calibration, 0)).toMatchObject({ rate: 0.1, upper: 0.2 });
    expect(fmrAt(calibration, 1.9)).toMatchObject({ rate: 0.1 });
    expect(fmrAt(calibration, 1e9)).toMatchObject({ rate: 0.001, upper: 0.004 });
  });

  it('finds the lowest ratio that holds a rate, where there are subjects enough to tell', () => {
    const calibration = calibrationOf();
    expect(llrAtFmr(calibration, 0.1)).toBe(0);
    expect(llrAtFmr(calibration, 0.05)).toBe(2);
    expect(llrAtFmr(calibration, 0.001)).toBe(4);
    expect(llrAtFmr(calibration, 0.0001)).toBeUndefined();
    expect(neededSubjectPairs(1e-3)).toBe(3000);
    expect(llrAtFmr(calibrationOf({ fmr: { ...calibration.fmr, impostorSubjectPairs: 2999 } }), 0.001)).toBeUndefined();
  });

  it('survives a file', () => {
    expect(parse({})()).toEqual(calibrationOf());
  });

  it.each<[string, object, string]>([
    ['an unknown field', { extra: 1 }, 'face.json: '],
    ['another format', { format: 'affinis.calibration/9' }, 'face.json: format: '],
    ['a slope of 0', { logistic: { offset: 1, slope: 0 } }, 'face.json: logistic.slope is 0'],
    [
      'rates that rise',
      {
        fmr: {
          impostorSubjectPairs: 1,
          points: [
            { llr: 0, rate: 0.1, upper: 1 },
            { llr: 1, rate: 0.2, upper: 1 },
          ],
        },
      },
      'face.json: fmr.points.1: ',
    ],
    [
      'ratios out of order',
      {
        fmr: {
          impostorSubjectPairs: 1,
          points: [
            { llr: 1, rate: 0.2, upper: 1 },
            { llr: 1, rate: 0.1, upper: 1 },
          ],
        },
      },
      'face.json: fmr.points.1: ',
    ],
    [
      'a rate above 1',
      { fmr: { impostorSubjectPairs: 1, points: [{ llr: 1, rate: 2, upper: 2 }] } },
      'face.json: fmr.points.0.rate: ',
    ],
  ])('is refused with %s', (_, changes, message) => {
    expect(parse(changes)).toThrow(AffinisError);
    expect(parse(changes)).toThrow(message);
  });

  it('is refused as no JSON', () => {
    expect(() => parseCalibration('{', 'x.json')).toThrow('x.json: is no JSON');
  });
});
