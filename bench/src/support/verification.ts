import { mean } from './statistics.ts';

/** A pair's score, higher for more alike, and whether it is truly of one identity. */
export interface ScoredPair {
  readonly score: number;
  readonly genuine: boolean;
}

/** Equal error rate, 0..1: where false matches and false non-matches cross on the ROC, interpolated linearly. */
export function equalErrorRate(pairs: readonly ScoredPair[]): number {
  const steps = rocSteps(pairs);
  for (const [index, step] of steps.entries()) {
    const gap = step.falseMatches - step.falseNonMatches;
    if (gap < 0) continue;
    const before = steps[index - 1];
    if (!before) return step.falseMatches;
    const gapBefore = before.falseMatches - before.falseNonMatches;
    const share = -gapBefore / (gap - gapBefore);
    return before.falseMatches + share * (step.falseMatches - before.falseMatches);
  }
  return Number.NaN;
}

interface RocStep {
  readonly falseMatches: number;
  readonly falseNonMatches: number;
}

/** Both error rates for a threshold above all scores, then at every distinct score downwards. */
function rocSteps(pairs: readonly ScoredPair[]): RocStep[] {
  const genuine = pairs.filter((pair) => pair.genuine).length;
  const impostors = pairs.length - genuine;
  const sorted = [...pairs].sort((a, b) => b.score - a.score);
  const steps: RocStep[] = [{ falseMatches: 0, falseNonMatches: 1 }];
  let matched = 0;
  let falselyMatched = 0;
  for (const [index, pair] of sorted.entries()) {
    if (pair.genuine) matched++;
    else falselyMatched++;
    if (sorted[index + 1]?.score === pair.score) continue;
    steps.push({ falseMatches: falselyMatched / impostors, falseNonMatches: 1 - matched / genuine });
  }
  return steps;
}

/** A pair of a cross-validation; without a score where it could not be scored. */
export interface FoldPair {
  readonly fold: string;
  readonly score: number | undefined;
  readonly genuine: boolean;
}

/**
 * Accuracy of each fold, 0..1, at the threshold that is best on the other folds (midway between scores, `>=` matches).
 * A pair without a score is wrong, and takes no part in finding a threshold.
 */
export function foldAccuracies(pairs: readonly FoldPair[]): number[] {
  return [...new Set(pairs.map(({ fold }) => fold))].map((fold) => {
    const threshold = bestThreshold(pairs.filter((pair) => pair.fold !== fold));
    return mean(pairs.filter((pair) => pair.fold === fold).map((pair) => (isRight(pair, threshold) ? 1 : 0)));
  });
}

const isRight = ({ score, genuine }: FoldPair, threshold: number) =>
  score !== undefined && score >= threshold === genuine;

/** The threshold with the most right decisions; of several, the lowest. */
function bestThreshold(pairs: readonly FoldPair[]): number {
  const scored = pairs.flatMap(({ score, genuine }) => (score === undefined ? [] : [{ score, genuine }]));
  scored.sort((a, b) => a.score - b.score);
  let right = scored.filter(({ genuine }) => genuine).length;
  let best = { right, threshold: Number.NEGATIVE_INFINITY };
  for (const [index, { score, genuine }] of scored.entries()) {
    right += genuine ? -1 : 1;
    const next = scored[index + 1]?.score ?? Number.POSITIVE_INFINITY;
    if (next !== score && right > best.right) best = { right, threshold: (score + next) / 2 };
  }
  return best.threshold;
}
