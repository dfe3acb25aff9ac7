import { AffinisError, type Metric } from '@affinis/core';
import { numbersOf } from './subjects.ts';

/** Scored pairs with what is known of them. All arrays have one length. */
export interface Trials {
  /** Higher is more alike; negate distances (`createTrials` does). */
  readonly scores: Float64Array;
  /** 1: genuine, both sides one subject; 0: impostor. */
  readonly same: Uint8Array;
  /** Subject of each side, numbered from 0; equal where `same` is 1. */
  readonly left: Int32Array;
  readonly right: Int32Array;
}

/** Scored pairs as files and metrics give them, one entry a pair. */
export interface LabelledScores {
  readonly scores: ArrayLike<number>;
  /** Of the metric that gave the scores; a distance is negated. Default `similarity`. */
  readonly polarity?: Metric['polarity'];
  readonly same: ArrayLike<number | boolean>;
  /** Names of both sides' subjects. Without them every pair has subjects of its own, as if pairs were independent. */
  readonly subjects?: {
    readonly left: ArrayLike<string | number>;
    readonly right: ArrayLike<string | number>;
  };
}

/**
 * Trials of labelled scores. Throws `invalid-argument` naming the row, from 0, or the field: numbers that differ, scores
 * that are not finite, labels other than 0 and 1, a label that contradicts the subjects, one class only, equal scores.
 */
export function createTrials({ scores, polarity = 'similarity', same, subjects }: LabelledScores): Trials {
  const count = scores.length;
  const sign = polarity === 'distance' ? -1 : 1;
  const labels = Array.from(same, Number);
  const badLabel = labels.findIndex((label) => label !== 0 && label !== 1);
  if (badLabel >= 0)
    throw invalid(
      `label ${badLabel} is ${same[badLabel]}; write 1 for one identity and 0 for two`,
      `same[${badLabel}]`,
    );
  const names = subjects ?? independentSubjects(labels);
  const number = numbersOf();
  const trials = {
    scores: Float64Array.from(scores, (score) => sign * score),
    same: Uint8Array.from(labels),
    left: Int32Array.from(names.left, number),
    right: Int32Array.from(names.right, number),
  };
  checkTrials(trials);
  for (let row = 0; row < count; row++)
    if ((trials.left[row] === trials.right[row]) !== (trials.same[row] === 1))
      throw invalid(
        `row ${row} is labelled ${trials.same[row]} where its subjects are "${names.left[row]}" and "${names.right[row]}"; correct one of them`,
        `same[${row}]`,
      );
  if (trials.scores.every((score) => score === trials.scores[0]))
    throw invalid(`all ${count} scores are ${scores[0]}, so that they say nothing; look at the embeddings`, 'scores');
  return trials;
}

/** Refuses what no figure can be made of: one class only, or scores that are not finite, named by row from 0. */
export function checkTrials({ scores, same, left, right }: Trials): void {
  if (![same.length, left.length, right.length].every((length) => length === scores.length))
    throw invalid(
      `scores, labels and subjects differ in number: ${scores.length}, ${same.length}, ${left.length} and ${right.length}; give one of each a pair`,
      'scores',
    );
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0)
    throw invalid(
      `score ${bad} is ${scores[bad]}; a score that is not finite is never ranked, so find out why`,
      `scores[${bad}]`,
    );
  const badLabel = same.findIndex((label) => label > 1);
  if (badLabel >= 0)
    throw invalid(
      `label ${badLabel} is ${same[badLabel]}; write 1 for one identity and 0 for two`,
      `same[${badLabel}]`,
    );
  const genuine = countOf(same, 1);
  if (genuine === 0) throw invalid('there are no genuine pairs; both classes are needed', 'same');
  if (genuine === same.length) throw invalid('there are no impostor pairs; both classes are needed', 'same');
}

/** Refuses fewer pairs of a class than a purpose needs, with the number that it would need. */
export function checkCounts(
  { same }: Trials,
  needed: { readonly genuine: number; readonly impostor: number },
  purpose: string,
): void {
  for (const [kind, label] of [
    ['genuine', 1],
    ['impostor', 0],
  ] as const) {
    const count = countOf(same, label);
    if (count < needed[kind])
      throw invalid(`${purpose} needs ${needed[kind]} ${kind} pairs and there are ${count}; label more`, 'same');
  }
}

export function countOf(same: Uint8Array, label: 0 | 1): number {
  let count = 0;
  for (const value of same) if (value === label) count++;
  return count;
}

export const invalid = (problem: string, field: string): AffinisError =>
  new AffinisError('invalid-argument', `[evaluation] ${problem}`, { field, reason: 'BAD_TRIALS' });

/** The sides of a genuine pair share a name; no two pairs do. */
function independentSubjects(same: readonly number[]): NonNullable<LabelledScores['subjects']> {
  return {
    left: same.map((_, row) => 2 * row),
    right: same.map((label, row) => 2 * row + 1 - label),
  };
}
