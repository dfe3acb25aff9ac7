import type { Trials } from './trials.ts';

/** Numbers names from 0 in the order in which they first come. */
export function numbersOf(): (name: string | number) => number {
  const known = new Map<string | number, number>();
  return (name) => {
    const number = known.get(name) ?? known.size;
    known.set(name, number);
    return number;
  };
}

/** Numbers of the subjects that take part in a trial, rising. */
export function subjectsOf({ left, right }: Pick<Trials, 'left' | 'right'>): Int32Array {
  return Int32Array.from(new Set([...left, ...right])).sort();
}

/** Distinct pairs of subjects among the impostors: what bounds the lowest false match rate that can be claimed. */
export function impostorSubjectPairs({ same, left, right }: Trials): number {
  const seen = new Set<number>();
  for (let row = 0; row < same.length; row++)
    if (same[row] === 0) seen.add(pairKey(left[row] as number, right[row] as number));
  return seen.size;
}

/** Rows, from 0, whose two samples were compared in an earlier row, on whichever sides. */
export function duplicateRows(left: ArrayLike<string | number>, right: ArrayLike<string | number>): number[] {
  const number = numbersOf();
  const seen = new Set<number>();
  const duplicates: number[] = [];
  for (let row = 0; row < left.length; row++) {
    const key = pairKey(number(left[row] as string | number), number(right[row] as string | number));
    if (seen.has(key)) duplicates.push(row);
    seen.add(key);
  }
  return duplicates;
}

/** One number for two, whichever comes first: exact below 2^26. */
const pairKey = (a: number, b: number): number => Math.max(a, b) * 2 ** 26 + Math.min(a, b);
