import { AffinisError } from '@affinis/core';

/** Scored pairs with what is known of them. All arrays have one length. */
export interface Trials {
  /** Higher is more alike; negate distances. */
  readonly scores: Float64Array;
  /** 1: genuine, both sides one subject; 0: impostor. */
  readonly same: Uint8Array;
  /** Subject of each side, numbered from 0; equal where `same` is 1. */
  readonly left: Int32Array;
  readonly right: Int32Array;
}

/** Refuses what no figure can be made of: one class only, or scores that are not finite, named by row from 0. */
export function checkTrials({ scores, same, left, right }: Trials): void {
  if (![same.length, left.length, right.length].every((length) => length === scores.length))
    throw invalid('scores, labels and subjects differ in number', 'scores');
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad >= 0)
    throw invalid(
      `score ${bad} is ${scores[bad]}; a score that is not finite is never ranked, so find out why`,
      `scores[${bad}]`,
    );
  const genuine = countOf(same, 1);
  if (genuine === 0) throw invalid('there are no genuine pairs; both classes are needed', 'same');
  if (genuine === same.length) throw invalid('there are no impostor pairs; both classes are needed', 'same');
}

export function countOf(same: Uint8Array, label: 0 | 1): number {
  let count = 0;
  for (const value of same) if (value === label) count++;
  return count;
}

export const invalid = (problem: string, field: string): AffinisError =>
  new AffinisError('invalid-argument', `[evaluation] ${problem}`, { field, reason: 'BAD_TRIALS' });
