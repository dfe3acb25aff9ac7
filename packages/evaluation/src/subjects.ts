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

/** Number of the chain of genuine pairs that each of `count` samples belongs to: its smallest member. */
export function connectedSubjects(
  count: number,
  links: readonly { readonly left: number; readonly right: number }[],
): Int32Array {
  const parent = Int32Array.from({ length: count }, (_, index) => index);
  const find = (index: number): number => {
    let at = index;
    while (parent[at] !== at) at = parent[at] ?? at;
    parent[index] = at;
    return at;
  };
  for (const { left, right } of links) {
    const [a, b] = [find(left), find(right)];
    parent[Math.max(a, b)] = Math.min(a, b);
  }
  return parent.map((_, index) => find(index));
}

/** One number for two, whichever comes first: exact below 2^26. */
const pairKey = (a: number, b: number): number => Math.max(a, b) * 2 ** 26 + Math.min(a, b);
