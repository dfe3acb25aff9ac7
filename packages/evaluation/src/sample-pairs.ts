import { createRandom } from './random.ts';
import { invalid } from './trials.ts';

export interface SamplePairsOptions {
  /** Genuine pairs of one subject at most, drawn by the seed: keeps subjects of many samples from drowning the others. */
  readonly genuinePerSubject?: number;
}

export interface SampledPairs {
  /** Positions of the two samples of each pair: all genuine pairs, then the impostors. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly same: Uint8Array;
}

/**
 * All genuine pairs of labelled samples, and `impostors` pairs of two subjects drawn by the seed without repetition (all
 * of them, where there are fewer). `subjects`: the subject of each sample.
 * Throws `invalid-argument` where there is no pair of one kind.
 */
export function samplePairs(
  subjects: Int32Array,
  impostors: number,
  seed: number,
  { genuinePerSubject = Number.POSITIVE_INFINITY }: SamplePairsOptions = {},
): SampledPairs {
  if (!Number.isInteger(impostors) || impostors < 1)
    throw invalid(`${impostors} impostor pairs cannot be drawn; give a whole number from 1`, 'impostors');
  if (!(genuinePerSubject >= 1))
    throw invalid(`${genuinePerSubject} genuine pairs of a subject leave none; give 1 or more`, 'genuinePerSubject');
  const left: number[] = [];
  const right: number[] = [];
  const bySubject = groupBySubject(subjects);
  const random = createRandom(seed);
  for (const members of bySubject.values())
    for (const [a, b] of genuinePairs(members, genuinePerSubject, random)) {
      left.push(a);
      right.push(b);
    }
  const genuine = left.length;
  if (genuine === 0) throw invalid('no subject has two samples, so that there are no genuine pairs', 'subject');
  const pairsOf = (count: number) => (count * (count - 1)) / 2;
  const withinSubjects = [...bySubject.values()].reduce((sum, { length }) => sum + pairsOf(length), 0);
  const possible = pairsOf(subjects.length) - withinSubjects;
  if (possible === 0) throw invalid('all samples are of one subject, so that there are no impostor pairs', 'subject');
  for (const [a, b] of possible <= impostors * 2
    ? allImpostors(subjects, impostors, possible, seed)
    : drawImpostors(subjects, impostors, seed)) {
    left.push(a);
    right.push(b);
  }
  const same = new Uint8Array(left.length).fill(1, 0, genuine);
  return { left: Int32Array.from(left), right: Int32Array.from(right), same };
}

function groupBySubject(subjects: Int32Array): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const [index, subject] of subjects.entries()) {
    const group = groups.get(subject);
    if (group) group.push(index);
    else groups.set(subject, [index]);
  }
  return groups;
}

/** All pairs of a subject's samples, or as many of them as wanted (Knuth's selection sampling). */
function* genuinePairs(
  members: readonly number[],
  most: number,
  random: () => number,
): Generator<readonly [number, number]> {
  let rest = (members.length * (members.length - 1)) / 2;
  let missing = Math.min(most, rest);
  const all = missing === rest;
  for (const [at, member] of members.entries())
    for (const other of members.slice(at + 1)) {
      if (all || random() * rest < missing) {
        missing--;
        yield [member, other];
      }
      rest--;
    }
}

/** Few possible pairs: each is taken with the probability that leaves as many as wanted (Knuth's selection sampling). */
function* allImpostors(
  subjects: Int32Array,
  wanted: number,
  possible: number,
  seed: number,
): Generator<readonly [number, number]> {
  const random = createRandom(seed);
  let missing = Math.min(wanted, possible);
  let rest = possible;
  for (let a = 0; a < subjects.length; a++)
    for (let b = a + 1; b < subjects.length; b++) {
      if (subjects[a] === subjects[b]) continue;
      if (random() * rest < missing) {
        missing--;
        yield [a, b];
      }
      rest--;
    }
}

function* drawImpostors(subjects: Int32Array, wanted: number, seed: number): Generator<readonly [number, number]> {
  const random = createRandom(seed);
  const seen = new Set<number>();
  while (seen.size < wanted) {
    const a = Math.floor(random() * subjects.length);
    const b = Math.floor(random() * subjects.length);
    const key = Math.min(a, b) * subjects.length + Math.max(a, b);
    if (subjects[a] === subjects[b] || seen.has(key)) continue;
    seen.add(key);
    yield [Math.min(a, b), Math.max(a, b)];
  }
}
