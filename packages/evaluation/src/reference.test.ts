import { readFileSync } from 'node:fs';
import { developmentData } from '@affinis/conformance';
import { unzipSync } from 'fflate';
import { upperBound } from './binomial.ts';
import { cllrOf, minCllrOf } from './cllr.ts';
import { pearson, spearman } from './correlation.ts';
import { foldAccuracy } from './fold-accuracy.ts';
import { fitLogistic } from './logistic.ts';
import { mcnemarAtFar } from './mcnemar.ts';
import { aucOf, eerOf, rankTrials, rocOf, tarAtFar } from './roc.ts';
import { trialsOf } from './testing/trials.ts';

/** Figures of scikit-learn, lir and scipy, computed once (see the fixture). */
interface Expected {
  readonly auc: number;
  readonly eer: number;
  readonly tarAt10: number;
  readonly tarAt1: number;
  readonly slope: number;
  readonly offset: number;
  readonly cllr: number;
  readonly minCllr: number;
  /** Cllr of the ratios that the fitted logistic gives. */
  readonly fittedCllr: number;
}

interface Fit {
  readonly slopes: number[];
  readonly offset: number;
}

interface Reference extends Expected {
  readonly scores: number[];
  readonly same: number[];
  readonly pairs: { readonly a: number[]; readonly b: number[]; readonly pearson: number; readonly spearman: number };
  readonly upper: [number, number, number][];
  readonly uncertainties: { readonly left: number[]; readonly right: number[] };
  readonly rarePrior: Fit & { readonly prior: number };
  readonly quality: Fit;
  readonly signTest: [number, number, number][];
  readonly bobDev1: Expected;
  readonly bobNonsepMinCllr: number;
  readonly lfw: { readonly eer: number; readonly accuracy: number; readonly deviation: number };
}

const reference: Reference = JSON.parse(readFileSync(new URL('./testing/reference.json', import.meta.url), 'utf8'));

function expectFigures(trials: ReturnType<typeof trialsOf>, expected: Expected): void {
  const roc = rocOf(rankTrials(trials));
  expect(eerOf(roc)).toBeCloseTo(expected.eer, 12);
  expect(aucOf(roc)).toBeCloseTo(expected.auc, 12);
  expect(tarAtFar(roc, 0.1).tar).toBeCloseTo(expected.tarAt10, 12);
  expect(tarAtFar(roc, 0.01).tar).toBeCloseTo(expected.tarAt1, 12);
  expect(cllrOf(trials)).toBeCloseTo(expected.cllr, 12);
  expect(minCllrOf(trials)).toBeCloseTo(expected.minCllr, 12);
  const { slopes, offset } = fitLogistic([trials.scores], trials.same);
  expect(slopes[0]).toBeCloseTo(expected.slope, 9);
  expect(offset).toBeCloseTo(expected.offset, 9);
  const ratios = trials.scores.map((score) => offset + (slopes[0] ?? 0) * score);
  expect(cllrOf({ ...trials, scores: ratios })).toBeCloseTo(expected.fittedCllr, 12);
}

describe('other people’s figures', () => {
  it('are ours, on scores with ties', () => {
    expectFigures(trialsOf(reference.scores, reference.same), reference);
  });

  it('of correlation are ours', () => {
    const [a, b] = [Float64Array.from(reference.pairs.a), Float64Array.from(reference.pairs.b)];
    expect(pearson(a, b)).toBeCloseTo(reference.pairs.pearson, 12);
    expect(spearman(a, b)).toBeCloseTo(reference.pairs.spearman, 12);
  });

  it.each(reference.upper)('of the exact bound of %d in %d is ours', (successes, trials, bound) => {
    expect(upperBound(successes, trials) / bound).toBeCloseTo(1, 8);
  });

  it('of a logistic at another prior, and of one that reads uncertainties, are ours', () => {
    const { scores, same } = trialsOf(reference.scores, reference.same);
    const [left, right] = [reference.uncertainties.left, reference.uncertainties.right].map((u) =>
      Float64Array.from(u),
    );
    const [u = new Float64Array(), v = new Float64Array()] = [left, right];
    const features = [
      u.map((value, row) => value + (v[row] ?? 0)),
      u.map((value, row) => Math.abs(value - (v[row] ?? 0))),
    ];
    for (const [fit, expected] of [
      [fitLogistic([scores], same, { prior: reference.rarePrior.prior }), reference.rarePrior],
      [fitLogistic([scores, ...features], same), reference.quality],
    ] as const) {
      expect(fit.offset).toBeCloseTo(expected.offset, 8);
      for (const [k, slope] of expected.slopes.entries()) expect(fit.slopes[k]).toBeCloseTo(slope, 8);
    }
  });

  it.each(reference.signTest)('of an exact sign test of %d and %d are ours', (one, other, pValue) => {
    // Two orders of the same impostors: `one` genuine pairs that only the first accepts, `other` that only the second does.
    const only = (count: number, score: number) => Array<number>(count).fill(score);
    const impostors = Array.from({ length: 30 }, (_, score) => score);
    const same = [...only(one + other, 1), ...only(30, 0)];
    const [first, second] = [
      trialsOf([...only(one, 99), ...only(other, -1), ...impostors], same),
      trialsOf([...only(one, -1), ...only(other, 99), ...impostors], same),
    ];
    expect(mcnemarAtFar(first, second, 0.1).pValue / pValue).toBeCloseTo(1, 9);
  });
});

const archive = developmentData('reference/bob-measure-scores.zip');
(archive ? describe : describe.skip)('the scores of bob.measure', () => {
  const read = (name: string) => {
    const text = new TextDecoder().decode(unzipSync(readFileSync(archive ?? ''))[`bob-measure/${name}`]);
    const rows = text
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/).map(Number));
    return trialsOf(
      rows.map(([, score]) => score ?? Number.NaN),
      rows.map(([label]) => (label === 1 ? 1 : 0)),
    );
  };
  const finite = ({ scores, same }: ReturnType<typeof trialsOf>) => {
    const kept = [...scores.keys()].filter((row) => Number.isFinite(scores[row]));
    return trialsOf(
      kept.map((row) => scores[row] ?? 0),
      kept.map((row) => same[row] ?? 0),
    );
  };

  it('hold some that are no numbers, which are refused by their row', () => {
    expect(() => rankTrials(read('dev-1.txt'))).toThrow(/score \d+ is NaN/);
  });

  it('give the figures of scikit-learn and lir', () => {
    expectFigures(finite(read('dev-1.txt')), reference.bobDev1);
  });

  /** The 50 float64 at the end of a small HDF5 file without chunks. */
  const doubles = (name: string): number[] => {
    const bytes = unzipSync(readFileSync(archive ?? ''))[`bob-measure/${name}.hdf5`] ?? new Uint8Array();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: 50 }, (_, index) => view.getFloat64(2144 + 8 * index, true));
  };
  const bobTrials = (name: string) => {
    const [positives, negatives] = [doubles(`${name}-positives`), doubles(`${name}-negatives`)];
    return trialsOf([...positives, ...negatives], [...positives.map(() => 1), ...negatives.map(() => 0)]);
  };

  it('have the Cllr and minCllr of bob.measure’s own tests', () => {
    expect(cllrOf(bobTrials('linsep'))).toBeCloseTo(1.2097942129, 9);
    expect(minCllrOf(bobTrials('linsep'))).toBe(0);
    expect(cllrOf(bobTrials('nonsep'))).toBeCloseTo(3.61833457, 7);
    // bob.measure lets a genuine pair come before the impostor that it ties with; lir, and we, cannot tell them apart.
    const tied = bobTrials('nonsep');
    const favoured = tied.scores.map((score, row) => score + (tied.same[row] === 1 ? 1e-6 : 0));
    expect(minCllrOf({ ...tied, scores: favoured })).toBeCloseTo(0.337364136, 8);
    expect(minCllrOf(tied)).toBeCloseTo(reference.bobNonsepMinCllr, 12);
  });

  // Of the two rows there, the one that is called pmiss holds our false match rates: the classes are exchanged.
  it('have the corners of the convex hull that bob.measure’s tests took from Bosaris 1.06', () => {
    const { far, tar } = rocOf(rankTrials(bobTrials('nonsep')));
    const points = Array.from(far, (rate, point) => [1 - (tar[point] ?? 0), rate]);
    const corners = [0.48, 0.22, 0.12, 0.08, 0].map((miss, corner) => [miss, [0, 0.06, 0.1, 0.28, 0.68][corner]]);
    for (const [miss, falseMatch] of corners)
      expect(points).toContainEqual([expect.closeTo(miss ?? 0, 12), expect.closeTo(falseMatch ?? 0, 12)]);
  });
});

const lfw = developmentData('reference/lfw_pair_scores_dev.tsv');
(lfw ? describe : describe.skip)('the scores of LFW', () => {
  it('give the EER and the accuracy over folds that the recipes give', () => {
    const [header, ...rows] = readFileSync(lfw ?? '', 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    const column = (name: string) => rows.map((row) => Number(row[header?.indexOf(name) ?? -1]));
    const trials = trialsOf(column('mobileface_V2_rgb_raw'), column('same'));
    expect(eerOf(rocOf(rankTrials(trials)))).toBeCloseTo(reference.lfw.eer, 12);
    const { accuracy, deviation } = foldAccuracy(trials, column('fold'));
    expect(accuracy).toBeCloseTo(reference.lfw.accuracy, 12);
    expect(deviation).toBeCloseTo(reference.lfw.deviation, 12);
  });
});
