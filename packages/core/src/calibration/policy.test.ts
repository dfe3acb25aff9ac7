import { calibrationOf, qualityTermsOf } from '../testing/calibrations.ts';
import { createToyMetric } from '../testing/toys.ts';
import { createJudge, type JudgeParts, policySchema } from './policy.ts';

const metric = createToyMetric();
const calibration = { digest: 'd'.repeat(16), values: calibrationOf() };
const judgeOf = (parts: Partial<JudgeParts>) => createJudge({ metric, prior: 0.5, ...parts });

describe('a policy', () => {
  it('decides by a false match rate, at the raw score that has it', () => {
    const judge = judgeOf({ setting: { fmr: 0.01 }, calibration });
    expect(judge(0.6)).toMatchObject({
      decision: 'match',
      policy: { kind: 'fmr', fmr: 0.01 },
      threshold: expect.closeTo(0.6),
    });
    expect(judge(0.599)).toMatchObject({ decision: 'no_match' });
  });

  it('means the same for a distance', () => {
    const values = calibrationOf({ logistic: { offset: 10, slope: -20 } });
    const judge = createJudge({
      metric: createToyMetric({ polarity: 'distance' }),
      prior: 0.5,
      setting: { fmr: 0.01 },
      calibration: { ...calibration, values },
    });
    expect(judge(0.4)).toMatchObject({ decision: 'match', threshold: expect.closeTo(0.4) });
    expect(judge(0.401)).toMatchObject({ decision: 'no_match' });
  });

  it('decides by cost as Bayes does: match where the odds exceed the ratio of the costs', () => {
    const judge = judgeOf({ setting: { cost: { miss: 1, falseMatch: 10, prior: 0.1 } }, calibration });
    const threshold = Math.log(90);
    expect(judge((threshold + 10) / 20 + 1e-6).decision).toBe('match');
    expect(judge((threshold + 10) / 20 - 1e-6).decision).toBe('no_match');
  });

  it('explains a score by ratio, probability at the prior, and false match rate', () => {
    const { calibrated } = judgeOf({ calibration, prior: 0.1 })(0.5 + Math.log(9) / 20);
    expect(calibrated).toEqual({
      llr: expect.closeTo(Math.log(9)),
      probability: expect.closeTo(0.5),
      prior: 0.1,
      fmr: 0.01,
      fmrUpper: 0.02,
      calibration: 'd'.repeat(16),
    });
  });

  it('decides without a raw threshold where the samples’ uncertainty counts too', () => {
    const values = calibrationOf({
      logistic: { offset: -10, slope: 20, quality: qualityTermsOf({ worse: -1 }, [-9, 9]) },
    });
    const judge = judgeOf({ setting: { fmr: 0.01 }, calibration: { ...calibration, values } });
    expect(judge(0.6, 0, 0)).toMatchObject({ decision: 'match' });
    expect(judge(0.6, 0, 0)).not.toHaveProperty('threshold');
    expect(judge(0.6, 0.1, 0)).toMatchObject({ decision: 'no_match' });
  });

  it('is fmr 1e-3 where nothing is set and the calibration supports it, else the model card’s threshold', () => {
    expect(judgeOf({ calibration, cardThreshold: 9 })(0.7)).toMatchObject({
      policy: { kind: 'fmr', fmr: 1e-3 },
      threshold: expect.closeTo(0.7),
    });
    const few = {
      ...calibration,
      values: calibrationOf({ fmr: { ...calibration.values.fmr, impostorSubjectPairs: 10 } }),
    };
    expect(judgeOf({ calibration: few, cardThreshold: 9 })(0.7)).toMatchObject({
      policy: { kind: 'threshold', source: 'model-card' },
      threshold: 9,
      decision: 'no_match',
      calibrated: { llr: expect.closeTo(4) },
    });
    expect(judgeOf({ cardThreshold: 0.5 })(0.7)).toMatchObject({
      policy: { kind: 'threshold', source: 'model-card' },
      decision: 'match',
    });
    expect(judgeOf({})(0.7)).toEqual({ decision: 'undecided' });
  });

  it('takes a raw threshold as it is, and explains the score beside it', () => {
    expect(judgeOf({ setting: { threshold: 0.9 }, calibration, cardThreshold: 0 })(0.6)).toMatchObject({
      policy: { kind: 'threshold', source: 'config' },
      threshold: 0.9,
      decision: 'no_match',
      calibrated: { fmr: 0.01 },
    });
  });

  it.each([[{ fmr: 1e-3 }], [{ cost: { miss: 1, falseMatch: 1, prior: 0.5 } }]])(
    '%j is refused without a calibration',
    (setting) => {
      expect(() => judgeOf({ setting, cardThreshold: 1 })).toThrow(
        expect.objectContaining({ code: 'failed-precondition', field: 'policy', reason: 'NO_CALIBRATION' }),
      );
    },
  );

  it('is refused with the number of subject pairs that it would need', () => {
    expect(() => judgeOf({ setting: { fmr: 1e-4 }, calibration })).toThrow(
      'has 5000 distinct impostor subject pairs and 30000 are needed for fmr 0.0001',
    );
  });

  it('is refused where the measured tail does not reach it', () => {
    const values = calibrationOf({ fmr: { impostorSubjectPairs: 1e6, points: [{ llr: 0, rate: 0.1, upper: 0.2 }] } });
    expect(() => judgeOf({ setting: { fmr: 1e-3 }, calibration: { ...calibration, values } })).toThrow(
      'reaches no rate below 0.1',
    );
  });

  it.each([
    [{ fmr: 0 }],
    [{ fmr: 1 }],
    [{ cost: { miss: 1 } }],
    [{}],
    [{ fmr: 0.1, threshold: 1 }],
    [{ cost: { miss: 0, falseMatch: 1, prior: 0.5 } }],
  ])('%j is none', (setting) => {
    expect(policySchema.safeParse(setting).success).toBe(false);
  });
});
