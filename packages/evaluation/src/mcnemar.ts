import { incompleteBeta } from './binomial.ts';
import { neededImpostors, rankTrials, rocOf, tarAtFar } from './roc.ts';
import { countOf, invalid, type Trials } from './trials.ts';

export interface McNemar {
  /** False match rate that each reached, and the score at and above which its pairs match. */
  readonly first: { readonly far: number; readonly threshold: number };
  readonly second: { readonly far: number; readonly threshold: number };
  /** Rows, from 0, that only the first decides rightly, and only the second: the pairs to look at. */
  readonly onlyFirst: Uint32Array;
  readonly onlySecond: Uint32Array;
  /**
   * Probability of so uneven a split or a worse one, were both equally good (exact, two-sided). It takes pairs as
   * independent: with several pairs a subject, trust the bootstrap over subjects instead.
   */
  readonly pValue: number;
}

/**
 * McNemar's test (1947) of two scores of the same trials at one false match rate. Throws `invalid-argument` where the
 * trials differ, and below 3 / FAR impostor pairs.
 */
export function mcnemarAtFar(first: Trials, second: Trials, far: number): McNemar {
  checkPaired(first, second);
  const impostors = countOf(first.same, 0);
  const needed = neededImpostors(far);
  if (impostors < needed)
    throw invalid(`FAR ${far} needs ${needed} impostor pairs and there are ${impostors}; allow a higher rate`, 'far');
  const [a, b] = [first, second].map((trials) => tarAtFar(rocOf(rankTrials(trials)), far)) as [Reached, Reached];
  const rightOf = ({ scores, same }: Trials, threshold: number, row: number) =>
    (scores[row] as number) >= threshold === (same[row] === 1);
  const onlyFirst: number[] = [];
  const onlySecond: number[] = [];
  for (let row = 0; row < first.same.length; row++) {
    const [right, alsoRight] = [rightOf(first, a.threshold, row), rightOf(second, b.threshold, row)];
    if (right === alsoRight) continue;
    (right ? onlyFirst : onlySecond).push(row);
  }
  return {
    first: { far: a.far, threshold: a.threshold },
    second: { far: b.far, threshold: b.threshold },
    onlyFirst: Uint32Array.from(onlyFirst),
    onlySecond: Uint32Array.from(onlySecond),
    pValue: signTest(onlyFirst.length, onlySecond.length),
  };
}

/** Refuses two lists of trials that are not of the same pairs, naming the first row that differs. */
export function checkPaired(first: Trials, second: Trials): void {
  if (first.same.length !== second.same.length)
    throw invalid(
      `the pipelines have ${first.same.length} and ${second.same.length} pairs; compare them on those that both could score`,
      'trials',
    );
  const other = first.same.findIndex(
    (label, row) =>
      label !== second.same[row] || first.left[row] !== second.left[row] || first.right[row] !== second.right[row],
  );
  if (other >= 0)
    throw invalid(`row ${other} is not the same pair for both pipelines; give both the same order`, `trials[${other}]`);
}

type Reached = ReturnType<typeof tarAtFar>;

/** Exact two-sided probability of a split of fair coins: twice P(X <= the lesser) = I_1/2(n - k, k + 1). */
function signTest(one: number, other: number): number {
  const [k, n] = [Math.min(one, other), one + other];
  return k === n - k ? 1 : Math.min(1, 2 * incompleteBeta(0.5, n - k, k + 1));
}
