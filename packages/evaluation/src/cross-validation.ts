import { subjectDisjointSplits, subjectFolds } from './folds.ts';
import { fitLogistic, type LogisticOptions, ratioOf } from './logistic.ts';
import { pick } from './pick.ts';
import { countOf, invalid, type Trials } from './trials.ts';

export interface CrossValidationOptions extends LogisticOptions {
  /** Parts of the subjects, 3 at least; default 5. */
  readonly folds?: number;
  readonly seed: number;
}

/**
 * Log-likelihood ratio of each trial, float64[N] in nats, by a logistic that saw neither of its subjects: a pair whose
 * subjects lie in two folds is judged by what the folds beside both give, and helps to fit none of its own two.
 * `features`: float64[N] each, as of `fitLogistic`. Throws `invalid-argument` where a split leaves one class only.
 */
export function crossFit(
  features: readonly Float64Array[],
  trials: Trials,
  { folds = 5, seed, ...options }: CrossValidationOptions,
): Float64Array {
  const subjects =
    1 + trials.left.reduce((most, subject, row) => Math.max(most, subject, trials.right[row] as number), 0);
  const ratios = new Float64Array(trials.same.length);
  for (const { train, test } of subjectDisjointSplits(trials, subjectFolds(subjects, folds, seed))) {
    const { same } = pick(trials, train);
    if (countOf(same, 0) === 0 || countOf(same, 1) === 0)
      throw invalid(
        `${folds} folds of ${subjects} subjects leave a split without genuine or without impostor pairs; label more subjects`,
        'folds',
      );
    const logistic = fitLogistic(
      features.map((values) => Float64Array.from(train, (row) => values[row] as number)),
      same,
      options,
    );
    for (const row of test)
      ratios[row] = ratioOf(
        logistic,
        features.map((values) => values[row] as number),
      );
  }
  return ratios;
}
