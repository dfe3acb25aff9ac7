import { pick } from './pick.ts';
import { rankTrials, rocOf } from './roc.ts';
import { countOf, invalid, type Trials } from './trials.ts';

export interface FoldAccuracy {
  /** Mean share of right decisions over the folds, and its standard deviation over them (n - 1). */
  readonly accuracy: number;
  readonly deviation: number;
  /** What was fitted on the other folds and tested on each. */
  readonly folds: readonly { readonly fold: number; readonly accuracy: number; readonly threshold: number }[];
}

/**
 * Accuracy as on LFW (Huang et al. 2007): the threshold that is best on all other folds, halfway between two scores,
 * the lowest of equals. `fold`: of each trial, two different ones at least.
 */
export function foldAccuracy(trials: Trials, fold: ArrayLike<number>): FoldAccuracy {
  if (fold.length !== trials.same.length)
    throw invalid(`there are ${fold.length} folds for ${trials.same.length} pairs; give one a pair`, 'fold');
  const names = [...new Set(Array.from(fold))].sort((a, b) => a - b);
  if (names.length < 2) throw invalid('all pairs are of one fold; two at least are needed', 'fold');
  const rows = Array.from(fold, (_, row) => row);
  const folds = names.map((name) => {
    const train = pick(trials, Int32Array.from(rows.filter((row) => fold[row] !== name)));
    const test = pick(trials, Int32Array.from(rows.filter((row) => fold[row] === name)));
    const threshold = bestThreshold(train);
    const right = test.scores.reduce(
      (sum, score, row) => sum + (score >= threshold === (test.same[row] === 1) ? 1 : 0),
      0,
    );
    return { fold: name, accuracy: right / test.same.length, threshold };
  });
  const accuracy = folds.reduce((sum, one) => sum + one.accuracy, 0) / folds.length;
  const squares = folds.reduce((sum, one) => sum + (one.accuracy - accuracy) ** 2, 0);
  return { accuracy, deviation: Math.sqrt(squares / (folds.length - 1)), folds };
}

function bestThreshold(trials: Trials): number {
  const { thresholds, far, tar } = rocOf(rankTrials(trials));
  const genuine = countOf(trials.same, 1);
  const impostors = trials.same.length - genuine;
  let best = 0;
  let most = -1;
  for (let point = 0; point < far.length; point++) {
    // Whole numbers, so that equals are equal.
    const right =
      Math.round((tar[point] as number) * genuine) + impostors - Math.round((far[point] as number) * impostors);
    if (right < most) continue;
    most = right;
    best = point;
  }
  const [here, below] = [thresholds[best] as number, thresholds[best + 1]];
  if (below === undefined) return here - 1;
  return Number.isFinite(here) ? (here + below) / 2 : below + 1;
}
