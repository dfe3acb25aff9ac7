import { readFileSync } from 'node:fs';
import { developmentData } from '@affinis/conformance';
import { unzipSync } from 'fflate';
import { upperBound } from './binomial.ts';
import { cllrOf, minCllrOf } from './cllr.ts';
import { pearson, spearman } from './correlation.ts';
import { fitLogistic } from './logistic.ts';
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
}

interface Reference extends Expected {
  readonly scores: number[];
  readonly same: number[];
  readonly pairs: { readonly a: number[]; readonly b: number[]; readonly pearson: number; readonly spearman: number };
  readonly upper: [number, number, number][];
}

const reference: Reference = JSON.parse(readFileSync(new URL('./testing/reference.json', import.meta.url), 'utf8'));

function expectFigures(trials: ReturnType<typeof trialsOf>, expected: Expected): void {
  const roc = rocOf(rankTrials(trials));
  expect(eerOf(roc)).toBeCloseTo(expected.eer, 12);
  expect(aucOf(roc)).toBeCloseTo(expected.auc, 12);
  expect(tarAtFar(roc, 0.1).tar).toBeCloseTo(expected.tarAt10, 12);
  expect(tarAtFar(roc, 0.01).tar).toBeCloseTo(expected.tarAt1, 12);
  expect(cllrOf(trials)).toBeCloseTo(expected.cllr, 9);
  expect(minCllrOf(trials)).toBeCloseTo(expected.minCllr, 9);
  const { slopes, offset } = fitLogistic([trials.scores], trials.same);
  expect(slopes[0]).toBeCloseTo(expected.slope, 4);
  expect(offset).toBeCloseTo(expected.offset, 4);
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
    expect(upperBound(successes, trials)).toBeCloseTo(bound, 9);
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
    expectFigures(finite(read('dev-1.txt')), {
      auc: 0.9474165154874689,
      eer: 0.06208425720620847,
      tarAt10: 0.9423503325942351,
      tarAt1: 0.2926829268292683,
      slope: 5.382381221913265,
      offset: 0.025342826519551293,
      cllr: 0.7354675473193866,
      minCllr: 0.3182850400023704,
    });
  });
});
