import {
  calibrateVariance,
  type Embedding,
  parseUncertainty,
  scorePair,
  serialiseUncertainty,
  type Uncertainty,
  varianceOf,
} from '@affinis/core';
import { cosine } from '@affinis/metric-cosine';
import { mls, mlsLlr } from '@affinis/metric-mls';
import { crossFittedScores } from './cross-fitted-scores.ts';
import { type Fit, fitUncertainty } from './fit-uncertainty.ts';
import { drawPairs } from './pairs.ts';
import { fitPopulation } from './population.ts';
import { createRawVariances } from './raw-variances.ts';
import { reportTable, verdict } from './report.ts';
import { synthetic } from './testing/synthetic.ts';
import { fitVarianceCalibration, writeVariances } from './variance-calibration.ts';

const metrics = { cosine, mls, mlsLlr };
const grid = { a: [0.5, 1], g: [1, 1.5], c: [0.25, 1] };
const quick = {
  metrics,
  grid,
  hidden: 32,
  steps: 250,
  batch: 128,
  learningRate: 5e-3,
  dropout: 0,
  impostors: 6000,
  calibrationImpostors: 6000,
  draws: 20,
};
const data = synthetic();
const samples = Int32Array.from(data.subjects.keys());

describe('a fit', () => {
  const stages = new Set<string>();
  let fit: Fit;
  beforeAll(async () => {
    fit = await fitUncertainty(data, { ...quick, onProgress: ({ stage }) => stages.add(stage) });
  }, 120_000);

  it('makes MLS-LLR better than cosine where noise differs, and says so', () => {
    const { conditions, helped, reason } = fit.report;
    const mixed = conditions.mixed?.judged.find(({ scorer }) => scorer === 'mls-llr');
    expect(mixed?.overBaseline?.eer?.high).toBeLessThan(0);
    expect(mixed?.overBaseline?.tarAt1e2?.low).toBeGreaterThan(0);
    // Two folds of 20 subjects have 380 pairs of subjects, too few for 1e-3.
    expect({ helped, reason }).toEqual({ helped: true, reason: expect.stringContaining('TAR at FAR 1e-2 of MLS-LLR') });
    expect(conditions.mixed?.impostorSubjectPairs).toBe(380);
  });

  it('reports every scorer under every condition', () => {
    expect(Object.keys(fit.report.conditions)).toEqual(['clean/clean', 'clean/degraded', 'degraded/degraded', 'mixed']);
    for (const condition of Object.values(fit.report.conditions))
      expect(condition.judged.map(({ scorer }) => scorer)).toEqual(['cosine', 'mls', 'mls-llr', 'cosine-quality']);
    expect(fit.report).toMatchObject({ subjects: 40, samples: 240, copies: 4, folds: 2, genuineFrom: 'samples' });
    expect(fit.report.warnings).toEqual([expect.stringContaining('40 subjects are few')]);
    expect(reportTable(fit.report)).toContain('| mixed | mls-llr | ');
    expect(JSON.parse(JSON.stringify(fit.report))).toEqual(fit.report);
  });

  it('is what core reads, as it was stored', () => {
    expect(parseUncertainty(Buffer.from(serialiseUncertainty(fit.uncertainty)), 16)).toEqual(fit.uncertainty);
    const { kind, values } = varianceOf(fit.uncertainty, data.features.subarray(0, 6));
    expect(kind).toBe('diagonal');
    expect(values.every((value) => value > 0)).toBe(true);
  });

  it('keeps every subject in one fold, with what was fitted to the others', () => {
    const { fold, uncertainties } = fit.crossFitted;
    expect(uncertainties).toHaveLength(2);
    for (const subject of new Set(data.subjects)) {
      const folds = new Set(
        samples.filter((sample) => data.subjects[sample] === subject).map((each) => fold[each] ?? -1),
      );
      expect(folds.size).toBe(1);
    }
    for (const [part, { population }] of uncertainties.entries()) {
      const others = fitPopulation(
        data,
        samples.filter((sample) => fold[sample] !== part),
      );
      expect(population).toEqual(others.population);
    }
  });

  it('scores its samples by what did not see their subjects, as core would', () => {
    const { crossFitted, uncertainty } = fit;
    const { pairs, score } = crossFittedScores(data, fit, { impostors: 500, seed: 1 });
    const scores = score(mlsLlr);
    const { a, g, c } = uncertainty.calibration;
    const embed = (row: number, heldOut: Uncertainty): Embedding => ({
      mean: data.embeddings.slice(row * 16, (row + 1) * 16),
      unitNorm: false,
      space: 's',
      variance: varianceOf(
        { ...heldOut, calibration: { ...heldOut.calibration, a, g, c } },
        data.features.subarray(row * 6, (row + 1) * 6),
      ),
      varianceId: 'v',
    });
    for (const pair of [0, 7, pairs.same.length - 1]) {
      const [left, right] = [pairs.leftRow[pair] as number, pairs.rightRow[pair] as number];
      const fold = crossFitted.fold[left] as number;
      expect(crossFitted.fold[right]).toBe(fold);
      const heldOut = crossFitted.uncertainties[fold] as Uncertainty;
      const expected = scorePair(mlsLlr.create({}, heldOut.population), embed(left, heldOut), embed(right, heldOut));
      // A head is stored in float16, and read here as it was trained.
      expect((scores[pair] as number) / expected).toBeCloseTo(1, 3);
    }
    expect(score(cosine)).toHaveLength(scores.length);
  });

  it('names its stages', () => {
    expect([...stages]).toEqual(expect.arrayContaining(['head 1 of 3', 'calibration 3 of 3', 'report']));
  });

  it('is the same for the same seed', async () => {
    const few = { ...quick, steps: 20, grid: { a: [1], g: [1], c: [1] }, draws: 2 };
    const [one, two] = [await fitUncertainty(data, few), await fitUncertainty(data, few)];
    expect(two).toEqual(one);
  });

  it('needs subjects and samples enough, and folds', async () => {
    const refused = (change: object, options: object = {}) =>
      expect(fitUncertainty({ ...data, ...change }, { ...quick, ...options })).rejects;
    await refused({ subjects: data.subjects.map((subject) => subject % 9) }).toMatchObject({
      field: 'subjects',
      message: expect.stringContaining('there are 9 subjects; 2 folds need 10 or more'),
    });
    const failed = new Uint8Array(960).fill(1, 39, 240);
    await refused({ failed }).toMatchObject({ message: expect.stringContaining('39 samples were embedded; 40') });
    await refused({}, { folds: 1 }).toMatchObject({ field: 'folds' });
    await refused({}, { grid: { ...grid, c: [1, 0] } }).toMatchObject({ field: 'grid.c[1]' });
    await refused({ embeddings: new Float32Array(960 * 16).fill(1) }).toMatchObject({ field: 'embeddings' });
  });

  it('makes do with one sample a subject, and warns', async () => {
    const subjects = Int32Array.from(samples);
    const few = { ...quick, steps: 60, draws: 5 };
    const { report } = await fitUncertainty({ ...data, subjects }, few);
    expect(report.genuineFrom).toBe('copies');
    expect(Object.keys(report.conditions)).toEqual(['clean/degraded', 'degraded/degraded', 'mixed']);
    expect(report.warnings).toEqual([expect.stringContaining('no subject has two samples')]);
  });

  it('floors dimensions that do not vary, and warns', async () => {
    const embeddings = data.embeddings.map((value, at) => (at % 16 === 3 ? 0 : value));
    const few = { ...quick, steps: 20, draws: 2 };
    const { uncertainty, report } = await fitUncertainty({ ...data, embeddings }, few);
    expect(uncertainty.population.between[3]).toBeGreaterThan(0);
    expect(report.warnings).toContainEqual(expect.stringContaining('1 of 16 dimensions hardly vary'));
  });
});

describe('the calibration of the variance', () => {
  it('is applied as core applies it', () => {
    for (const kind of ['diagonal', 'scalar'] as const) {
      const raw = createRawVariances(data, kind);
      raw.logarithms.set(raw.logarithms.map((_, at) => Math.sin(at) * 3 - 2));
      const within = Float32Array.from({ length: 16 }, (_, d) => 0.01 * (d + 1));
      const calibration = { a: 0.5, g: 1.5, c: 0.25, geometricMean: 0.125, within };
      const out = new Float32Array(960 * 16);
      writeVariances(raw, calibration, Int32Array.of(0, 7), out);
      for (const row of [0, 7]) {
        const own = Float64Array.from(raw.logarithms.subarray(row * raw.perRow, (row + 1) * raw.perRow));
        const { values } = calibrateVariance(calibration, kind, own);
        for (const [d, value] of values.entries()) expect(out[row * 16 + d]).toBeCloseTo(value, 6);
      }
    }
  });

  it('shrinks a head that exaggerates, and stretches one that plays down', async () => {
    const pairs = drawPairs(data, samples, { impostors: 8000, seed: 1 });
    const population = fitPopulation(data, samples);
    // The truth, with its logarithms stretched about their mean.
    const stretched = (factor: number) => {
      const raw = createRawVariances(data, 'diagonal');
      const truth = data.logNoise.map((value) => Math.log(Math.exp(value) + 0.05));
      const mean = truth.reduce((sum, value) => sum + value, 0) / truth.length;
      raw.logarithms.set(truth.map((value) => mean + factor * (value - mean)));
      return fitVarianceCalibration(data, raw, {
        metrics: [mlsLlr],
        baseline: cosine,
        population,
        pairs,
        grid: { a: [1], g: [0.5, 1, 1.5], c: [0.25, 1] },
      });
    };
    expect((await stretched(2)).best.g).toBeLessThan(1);
    expect((await stretched(0.5)).best.g).toBeGreaterThan(1);
  });
});

describe('a population', () => {
  it('parts the variance between subjects from that within', () => {
    const { population, within } = fitPopulation(synthetic({ subjects: 400 }), Int32Array.from(Array(2400).keys()));
    const average = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(average(within)).toBeCloseTo(0.05, 2);
    expect(average(population.between)).toBeCloseTo(1, 1);
    expect(Math.abs(average(population.mean))).toBeLessThan(0.05);
  });
});

describe('a verdict', () => {
  const judged = (value: number, low: number, high: number) => {
    const figures = { eer: 0.1, tarAt1e2: null, tarAt1e3: null };
    const overBaseline = { eer: { value, low, high }, tarAt1e2: null, tarAt1e3: null };
    const one = { scorer: 'mls-llr', figures, overBaseline, atCleanThreshold: null };
    return { genuine: 1, impostor: 1, impostorSubjectPairs: 1, judged: [one] };
  };

  it.each([
    ['a gain beyond chance', judged(-0.1, -0.2, -0.05), judged(0, -0.01, 0.01), true],
    ['a gain that may be chance', judged(-0.1, -0.2, 0.01), judged(0, -0.01, 0.01), false],
    ['a loss', judged(0.1, 0.05, 0.2), judged(0, -0.01, 0.01), false],
    ['a gain that clean pairs pay for', judged(-0.1, -0.2, -0.05), judged(0.02, 0.01, 0.03), false],
    ['a gain without clean pairs', judged(-0.1, -0.2, -0.05), undefined, true],
  ])('of %s', (_, mixed, clean, helped) => {
    expect(verdict({ mixed, ...(clean ? { 'clean/clean': clean } : {}) })).toMatchObject({
      helped,
      metric: helped ? 'mls-llr' : 'cosine',
    });
  });

  it('is for the better of MLS and MLS-LLR that keeps clean pairs', () => {
    const both = (llr: ReturnType<typeof judged>, mlsOnly: ReturnType<typeof judged>) => ({
      ...llr,
      judged: [...llr.judged, ...mlsOnly.judged.map((one) => ({ ...one, scorer: 'mls' }))],
    });
    const kept = judged(0, -0.01, 0.01);
    const lost = judged(0.02, 0.01, 0.03);
    const [small, large] = [judged(-0.1, -0.2, -0.05), judged(-0.15, -0.2, -0.1)];
    expect(verdict({ mixed: both(small, large), 'clean/clean': both(kept, kept) }).metric).toBe('mls');
    expect(verdict({ mixed: both(large, small), 'clean/clean': both(kept, kept) }).metric).toBe('mls-llr');
    expect(verdict({ mixed: both(large, small), 'clean/clean': both(lost, kept) }).metric).toBe('mls');
    expect(verdict({ mixed: both(large, small), 'clean/clean': both(lost, lost) }).helped).toBe(false);
  });
});
