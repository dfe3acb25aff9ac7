import { calibrationSchema, createJudge, type Embedding, findCalibration, type Metric, scorePair } from '@affinis/core';
import { createRandom, samplePairs, type Trials } from '@affinis/evaluation';
import { mlsLlr as metricMlsLlr } from '@affinis/metric-mls';
import { calibrateScores, calibrationText } from './calibrate-scores.ts';

const random = createRandom(11);
const gaussian = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Subjects on a sphere, samples around them: a generated population, of which both metrics see the same samples. */
const dimension = 24;
const subjects = Int32Array.from({ length: 900 }, (_, sample) => Math.floor(sample / 3));
const centres = Array.from({ length: 300 }, () => Float64Array.from({ length: dimension }, gaussian));
const samples = Array.from(subjects, (subject) =>
  unit((centres[subject] ?? new Float64Array()).map((value) => value + 0.55 * gaussian())),
);
const { left, right, same } = samplePairs(subjects, 60_000, 1);

const cosine = scoresOf((a, b) => a.reduce((sum, value, d) => sum + value * (b[d] ?? 0), 0));
const euclidean = scoresOf((a, b) => Math.sqrt(a.reduce((sum, value, d) => sum + (value - (b[d] ?? 0)) ** 2, 0)));
/** Variances that differ from sample to sample, as a head gives them, and the population of the samples. */
const mlsLlr = metricMlsLlr.create(
  {},
  { mean: new Float32Array(dimension), between: new Float32Array(dimension).fill(0.75 / dimension) },
);
const uncertain = samples.map((values): Embedding => {
  const variance = {
    kind: 'diagonal' as const,
    values: new Float32Array(dimension).fill((0.1 + 0.4 * random()) / dimension),
  };
  return { mean: Float32Array.from(values), unitNorm: true, space: 's', variance, varianceId: 'v' };
});
const ratios = Float64Array.from(left, (sample, row) =>
  scorePair(mlsLlr, uncertain[sample] as Embedding, uncertain[right[row] ?? 0] as Embedding),
);
const trialsOf = (scores: Float64Array): Trials => ({
  scores,
  same,
  left: left.map((sample) => subjects[sample] ?? -1),
  right: right.map((sample) => subjects[sample] ?? -1),
});

function unit(values: Float64Array): Float64Array {
  const length = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
  return values.map((value) => value / length);
}
function scoresOf(score: (a: Float64Array, b: Float64Array) => number): Float64Array {
  return Float64Array.from(left, (sample, row) =>
    score(samples[sample] ?? new Float64Array(), samples[right[row] ?? 0] ?? new Float64Array()),
  );
}

const calibrated = (scores: Float64Array, trials: Trials) => {
  const { logistic, fmr, measured } = calibrateScores(scores, trials, { folds: 5, seed: 1 });
  const counts = { genuine: 600, impostor: 60_000, folds: 5, subjects: 300 };
  const data = { sha256: 'a'.repeat(64), description: 'generated', date: '2026-11-24', ...counts };
  return {
    format: 'affinis.calibration/1' as const,
    space: 's',
    metric: 'm',
    parameters: {},
    logistic,
    fmr,
    data,
    measured,
  };
};

describe('a calibration of generated subjects', () => {
  const byCosine = calibrated(cosine, trialsOf(cosine));
  const byDistance = calibrated(euclidean, trialsOf(euclidean.map((distance) => -distance)));

  const byRatio = calibrated(ratios, trialsOf(ratios));

  it('has a slope that points the way of its metric, and loses little by calibration', () => {
    expect(byCosine.logistic.slope).toBeGreaterThan(0);
    expect(byDistance.logistic.slope).toBeLessThan(0);
    for (const { measured } of [byCosine, byDistance]) {
      expect(measured.cllr).toBeGreaterThanOrEqual(measured.minCllr);
      expect(measured.cllr - measured.minCllr).toBeLessThan(0.05);
    }
  });

  it.each([1e-2, 1e-3])(
    'holds a policy of fmr %p for every metric within a factor of 2 on subjects never seen',
    (rate) => {
      const others = new Map([
        ['cosine', 'similarity'],
        ['euclidean', 'distance'],
        ['mls-llr', 'similarity'],
      ] as const);
      for (const [values, scores, polarity] of [
        [byCosine, cosine, others.get('cosine')],
        [byDistance, euclidean, others.get('euclidean')],
        [byRatio, ratios, others.get('mls-llr')],
      ] as const) {
        // Fitted to the subjects of one half, judged by those of the other.
        const half = (subject: number | undefined) => (subject ?? 0) < 150;
        const trials = trialsOf(scores);
        const rows = (first: boolean) =>
          [...scores.keys()].filter((row) => half(trials.left[row]) === first && half(trials.right[row]) === first);
        const take = (wanted: number[]): Trials => ({
          scores: Float64Array.from(wanted, (row) => (polarity === 'distance' ? -1 : 1) * (scores[row] ?? 0)),
          same: Uint8Array.from(wanted, (row) => same[row] ?? 0),
          left: Int32Array.from(wanted, (row) => trials.left[row] ?? 0),
          right: Int32Array.from(wanted, (row) => trials.right[row] ?? 0),
        });
        const seen = rows(true);
        const fitted = calibrateScores(
          Float64Array.from(seen, (row) => scores[row] ?? 0),
          take(seen),
          { folds: 5, seed: 1 },
        );
        const metric: Metric = {
          id: 'm',
          polarity: polarity ?? 'similarity',
          needsVariance: false,
          scoreBlock: () => undefined,
        };
        const judge = createJudge({
          metric,
          prior: 0.5,
          setting: { fmr: rate },
          calibration: { digest: 'd', values: { ...values, ...fitted } },
        });
        const impostors = rows(false).filter((row) => same[row] === 0);
        const matched = impostors.filter((row) => judge(scores[row] ?? 0).decision === 'match').length;
        expect(matched / impostors.length).toBeLessThan(2 * rate);
        expect(matched / impostors.length).toBeGreaterThan(rate / 2);
      }
    },
  );

  it('is a file that core reads and finds by what it is for', () => {
    const values = calibrationSchema.parse(JSON.parse(calibrationText(byCosine)));
    expect(values.fmr.points.at(-1)?.rate).toBeGreaterThanOrEqual(1 / 60_000);
    expect(values.fmr.impostorSubjectPairs).toBeGreaterThan(30_000);
    const key = { space: 's', metric: 'm', parameters: {}, needsVariance: false };
    expect(findCalibration([{ digest: 'd', values }], key)?.values).toEqual(values);
  });

  it('lets the sides’ uncertainties count where it is asked to', () => {
    const uncertainties = { left: Float64Array.from(left, gaussian), right: Float64Array.from(left, gaussian) };
    const { logistic, measured } = calibrateScores(cosine, trialsOf(cosine), { folds: 3, seed: 1, uncertainties });
    // They are noise here, so they change nothing.
    expect(logistic.quality?.range[0]).toBeLessThan(logistic.quality?.range[1] ?? -9);
    expect(measured.cllr).toBeCloseTo(
      calibrateScores(cosine, trialsOf(cosine), { folds: 5, seed: 1 }).measured.cllr,
      2,
    );
  });

  it('says when there are too few subjects to hold any out', () => {
    const few = {
      scores: Float64Array.of(1, 2, 0, 0.5),
      same: Uint8Array.of(1, 1, 0, 0),
      left: Int32Array.of(0, 1, 0, 1),
      right: Int32Array.of(0, 1, 1, 0),
    };
    expect(() => calibrateScores(few.scores, few, { folds: 3, seed: 1 })).toThrow('cannot be dealt into 3 folds');
  });

  it.each([
    ['one class', Float64Array.of(1, 2), [1, 1], 'no impostor pairs'],
    ['scores that are not finite', Float64Array.of(1, Number.NaN), [1, 0], 'score 1 is NaN'],
  ])('refuses %s', (_, scores, labels, message) => {
    const trials = { scores, same: Uint8Array.from(labels), left: Int32Array.of(0, 0), right: Int32Array.of(0, 1) };
    expect(() => calibrateScores(scores, trials, { folds: 2, seed: 1 })).toThrow(message);
  });
});
