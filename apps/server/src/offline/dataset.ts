import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AffinisError } from '@affinis/core';
import { samplePairs } from '@affinis/evaluation';
import { type LabelledPair, readPairs } from './labelled-pairs.ts';
import { readLabels } from './labelled-samples.ts';

/** Pairs to be scored, with what is known of them. */
export interface Dataset {
  /** Absolute paths, or sentences. */
  readonly samples: readonly string[];
  readonly text: boolean;
  /** What pairs compare: positions in `samples`, one, or several that the pipeline fuses. */
  readonly sides: readonly (readonly number[])[];
  /** Positions in `sides`, one entry a pair. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** 1 or 0, or the grade. */
  readonly labels: Float64Array;
  /** Subjects of the sides, numbered from 0. */
  readonly leftSubjects: Int32Array;
  readonly rightSubjects: Int32Array;
  readonly subjects: number;
  /** Fold of each pair, numbered from 0, where the pairs name two or more. */
  readonly folds?: Int32Array | undefined;
  /** Of the file that names them. */
  readonly sha256: string;
  readonly description: string;
}

export interface DatasetOptions {
  readonly labels?: string | undefined;
  readonly pairs?: string | undefined;
  /** Folder that paths are relative to. */
  readonly root?: string | undefined;
  readonly text?: boolean | undefined;
  readonly target?: string | undefined;
  /** Impostor pairs drawn from labelled samples. */
  readonly impostors: number;
  readonly seed: number;
}

/** Throws `invalid-argument` naming the option, row or column that is wrong. */
export async function readDataset(options: DatasetOptions): Promise<Dataset> {
  const { labels, pairs } = options;
  if (labels !== undefined && pairs === undefined) return fromLabels(labels, options);
  if (pairs !== undefined && labels === undefined) return fromPairs(pairs, options);
  throw new AffinisError('invalid-argument', 'give either --labels or --pairs', { field: 'labels', reason: 'USAGE' });
}

async function fromLabels(file: string, { root, text, impostors, seed }: DatasetOptions): Promise<Dataset> {
  const { samples, text: sentences, subjects, subjectNames } = await readLabels(file, { root, text });
  const { left, right, same } = samplePairs(subjects, impostors, seed);
  const subjectOf = (positions: Int32Array) => positions.map((position) => subjects[position] ?? -1);
  return {
    samples,
    text: sentences,
    sides: samples.map((_, index) => [index]),
    left,
    right,
    labels: Float64Array.from(same),
    leftSubjects: subjectOf(left),
    rightSubjects: subjectOf(right),
    subjects: subjectNames.length,
    sha256: await digestOf(file),
    description: `${samples.length} samples of ${subjectNames.length} subjects, ${impostors} impostor pairs at most by seed ${seed}`,
  };
}

async function fromPairs(file: string, { root, text = false, target = 'same' }: DatasetOptions): Promise<Dataset> {
  const { samples, sides, pairs } = await readPairs(file, { root: root ?? process.cwd(), text, target });
  const numbers = new Map<string, number>();
  const numberOf = (name: string) => {
    const known = numbers.get(name) ?? numbers.size;
    numbers.set(name, known);
    return known;
  };
  return {
    samples,
    text,
    sides,
    left: Int32Array.from(pairs, (pair) => pair.left),
    right: Int32Array.from(pairs, (pair) => pair.right),
    labels: Float64Array.from(pairs, (pair) => pair.label),
    leftSubjects: Int32Array.from(pairs, (pair) => numberOf(pair.leftSubject)),
    rightSubjects: Int32Array.from(pairs, (pair) => numberOf(pair.rightSubject)),
    subjects: numbers.size,
    folds: foldsOf(pairs),
    sha256: await digestOf(file),
    description: `${pairs.length} pairs of ${samples.length} samples`,
  };
}

function foldsOf(pairs: readonly LabelledPair[]): Int32Array | undefined {
  const names = [...new Set(pairs.map(({ fold }) => fold))];
  return names.length < 2 ? undefined : Int32Array.from(pairs, ({ fold }) => names.indexOf(fold));
}

export const digestOf = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
