import { createRandom, samplePairs, shuffled, type Trials } from '@affinis/evaluation';
import { unfit } from './errors.ts';
import { type FittingData, isUsable, samplesBySubject } from './fitting-data.ts';

/** Which copies are compared. `mixed`: each side is clean in one case of three, else degraded. */
export const conditions = ['clean/clean', 'clean/degraded', 'degraded/degraded', 'mixed'] as const;
export type Condition = (typeof conditions)[number];

/** Pairs of rows with their labels and subjects. */
export interface RowPairs extends Omit<Trials, 'scores'> {
  /** int32[P]: rows, `copy * N + sample`. */
  readonly leftRow: Int32Array;
  readonly rightRow: Int32Array;
}

export interface PairOptions {
  readonly impostors: number;
  readonly seed: number;
}

/** A subject with more samples would outweigh the others: its genuine pairs grow by their square. */
const samplesPerSubject = 10;
/** Genuine pairs are fewer than impostors; each is drawn with this many choices of degraded copies. */
const genuineDraws = 3;
const cleanShare = 1 / 3;

/**
 * All genuine pairs of some samples (at most ten a subject) and seeded impostor pairs, under each condition. Where no
 * subject has two samples, two copies of one sample are a genuine pair, and there are none for `clean/clean`.
 */
export function drawPairs(
  data: FittingData,
  samples: Int32Array,
  { impostors, seed }: PairOptions,
): ReadonlyMap<Condition, RowPairs> {
  const random = createRandom(seed);
  const groups = [...samplesBySubject(data, samples).values()];
  if (groups.length < 2) throw unfit(`has ${groups.length} subject; pairs need 2 or more`, 'subjects');
  const ofCopies = groups.every((group) => group.length === 1);
  const chosen = groups.flatMap((group) =>
    [...shuffled(group.length, random)].slice(0, samplesPerSubject).map((place) => group[place] as number),
  );
  const members = Int32Array.from(ofCopies ? [...chosen, ...chosen] : chosen);
  const drawn = samplePairs(
    members.map((sample) => data.subjects[sample] as number),
    impostors,
    seed,
  );
  const pairs = Array.from(drawn.same, (same, pair) => ({
    same,
    left: members[drawn.left[pair] as number] as number,
    right: members[drawn.right[pair] as number] as number,
  }));
  const degradedRows = rowsOfDegradedCopies(data);
  const offered = conditions.filter((condition) => !(ofCopies && condition === 'clean/clean'));
  return new Map(offered.map((condition) => [condition, withCopies(data, pairs, condition, degradedRows, random)]));
}

/** Several lists of pairs as one. */
export function joinPairs(lists: readonly RowPairs[]): RowPairs {
  const join = <T extends Int32Array | Uint8Array>(out: T, of: (pairs: RowPairs) => T): T => {
    let place = 0;
    for (const pairs of lists) {
      out.set(of(pairs), place);
      place += pairs.same.length;
    }
    return out;
  };
  const count = lists.reduce((sum, { same }) => sum + same.length, 0);
  return {
    leftRow: join(new Int32Array(count), (pairs) => pairs.leftRow),
    rightRow: join(new Int32Array(count), (pairs) => pairs.rightRow),
    same: join(new Uint8Array(count), (pairs) => pairs.same),
    left: join(new Int32Array(count), (pairs) => pairs.left),
    right: join(new Int32Array(count), (pairs) => pairs.right),
  };
}

interface SamplePair {
  readonly same: number;
  readonly left: number;
  readonly right: number;
}

function withCopies(
  { subjects }: FittingData,
  pairs: readonly SamplePair[],
  condition: Condition,
  degradedRows: readonly (readonly number[])[],
  random: () => number,
): RowPairs {
  const rows: { readonly left: number; readonly right: number; readonly same: number }[] = [];
  const pick = (sample: number, kind: 'clean' | 'degraded'): number | undefined => {
    const copies = degradedRows[sample] ?? [];
    return kind === 'clean' ? sample : copies[Math.floor(random() * copies.length)];
  };
  for (const { same, left, right } of pairs)
    for (let draw = 0; draw < (same === 1 && condition !== 'clean/clean' ? genuineDraws : 1); draw++) {
      const [leftKind, rightKind] = kindsOf(condition, random);
      const [leftRow, rightRow] = [pick(left, leftKind), pick(right, rightKind)];
      if (leftRow === undefined || rightRow === undefined || leftRow === rightRow) continue;
      rows.push({ left: leftRow, right: rightRow, same });
    }
  const subjectOf = (row: number) => subjects[row % subjects.length] as number;
  return {
    leftRow: Int32Array.from(rows, ({ left }) => left),
    rightRow: Int32Array.from(rows, ({ right }) => right),
    same: Uint8Array.from(rows, ({ same }) => same),
    left: Int32Array.from(rows, ({ left }) => subjectOf(left)),
    right: Int32Array.from(rows, ({ right }) => subjectOf(right)),
  };
}

function kindsOf(condition: Condition, random: () => number): readonly ['clean' | 'degraded', 'clean' | 'degraded'] {
  const either = () => (random() < cleanShare ? 'clean' : 'degraded');
  switch (condition) {
    case 'clean/clean':
      return ['clean', 'clean'];
    case 'clean/degraded':
      return random() < 0.5 ? ['clean', 'degraded'] : ['degraded', 'clean'];
    case 'degraded/degraded':
      return ['degraded', 'degraded'];
    case 'mixed':
      return [either(), either()];
  }
}

/** By sample, the rows of its degraded copies that were embedded. */
function rowsOfDegradedCopies(data: FittingData): number[][] {
  const count = data.subjects.length;
  return Array.from(data.subjects, (_, sample) =>
    Array.from({ length: data.copies - 1 }, (_, copy) => (copy + 1) * count + sample).filter((row) =>
      isUsable(data, row),
    ),
  );
}
