import { createRandom, shuffled } from './random.ts';
import { invalid, type Trials } from './trials.ts';

/** A split in which no subject is on both sides. */
export interface Split {
  /** Positions of the trials to fit on. */
  readonly train: Uint32Array;
  /** Positions of the trials to judge by what was fitted. */
  readonly test: Uint32Array;
}

/** Fold of each subject, 0 … folds - 1, of as equal size as may be. */
export function subjectFolds(subjects: number, folds: number, seed: number): Uint8Array {
  if (!Number.isInteger(folds) || folds < 2 || folds > Math.min(subjects, 256))
    throw invalid(
      `${subjects} subjects cannot be dealt into ${folds} folds; give 2 to ${Math.min(subjects, 256)}`,
      'folds',
    );
  const fold = new Uint8Array(subjects);
  for (const [place, subject] of shuffled(subjects, createRandom(seed)).entries()) fold[subject] = place % folds;
  return fold;
}

/**
 * Every trial is tested once, by what was fitted on trials of which neither subject is in its own subjects' folds: one
 * split for each pair of folds.
 */
export function subjectDisjointSplits({ left, right }: Pick<Trials, 'left' | 'right'>, fold: Uint8Array): Split[] {
  const folds = 1 + fold.reduce((most, value) => Math.max(most, value), 0);
  const foldsOf = (row: number) => [fold[left[row] as number] as number, fold[right[row] as number] as number] as const;
  const splits: Split[] = [];
  for (let a = 0; a < folds; a++)
    for (let b = a; b < folds; b++) {
      const train: number[] = [];
      const test: number[] = [];
      for (let row = 0; row < left.length; row++) {
        const [f, g] = foldsOf(row);
        if (Math.min(f, g) === a && Math.max(f, g) === b) test.push(row);
        else if (f !== a && f !== b && g !== a && g !== b) train.push(row);
      }
      if (test.length > 0) splits.push({ train: Uint32Array.from(train), test: Uint32Array.from(test) });
    }
  return splits;
}
