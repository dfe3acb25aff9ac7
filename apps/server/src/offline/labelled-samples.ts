import { dirname, resolve } from 'node:path';
import { AffinisError } from '@affinis/core';
import { readCsv, rowError } from './csv.ts';

/** Files with the subject that each shows: `labels.csv` with the columns `path,subject`. */
export interface LabelledSamples {
  /** Absolute paths, without repetition. */
  readonly paths: readonly string[];
  /** Subject of each path, numbered from 0. */
  readonly subjects: Int32Array;
  readonly subjectNames: readonly string[];
}

/** Paths are relative to `root`, or to the file's own folder. A path twice must have one subject. */
export async function readLabels(file: string, root: string = dirname(file)): Promise<LabelledSamples> {
  const subjectOf = new Map<string, string>();
  for (const row of await readCsv(file, ['path', 'subject'])) {
    const { path = '', subject = '' } = row.fields;
    if (path === '') throw rowError(file, row, 'path', 'is empty');
    if (subject === '') throw rowError(file, row, 'subject', 'is empty');
    const absolute = resolve(root, path);
    const known = subjectOf.get(absolute);
    if (known !== undefined && known !== subject)
      throw rowError(file, row, 'subject', `is "${subject}" where an earlier row says "${known}" of the same path`);
    subjectOf.set(absolute, subject);
  }
  const subjectNames = [...new Set(subjectOf.values())];
  const numbers = new Map(subjectNames.map((name, index) => [name, index]));
  if (subjectNames.length < 2)
    throw new AffinisError('invalid-argument', `${file}: names one subject only; impostor pairs need at least two`, {
      field: 'subject',
      reason: 'ONE_CLASS',
    });
  return {
    paths: [...subjectOf.keys()],
    subjects: Int32Array.from(subjectOf.values(), (name) => numbers.get(name) ?? -1),
    subjectNames,
  };
}
