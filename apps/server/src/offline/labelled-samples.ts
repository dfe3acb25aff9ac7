import { dirname, resolve } from 'node:path';
import { AffinisError } from '@affinis/core';
import { readCsv, rowError } from './csv.ts';

/** Samples with the subject of each: `labels.csv` with the columns `path,subject`, or `text,subject` for sentences. */
export interface LabelledSamples {
  /** Absolute paths, or sentences, without repetition. */
  readonly samples: readonly string[];
  /** True where a sample is a sentence and not a file. */
  readonly text: boolean;
  /** Subject of each sample, numbered from 0. */
  readonly subjects: Int32Array;
  readonly subjectNames: readonly string[];
}

export interface LabelOptions {
  /** Folder that paths are relative to; default: the file's own. */
  readonly root?: string | undefined;
  readonly text?: boolean | undefined;
}

/** A sample twice must have one subject. */
export async function readLabels(
  file: string,
  { root = dirname(file), text = false }: LabelOptions = {},
): Promise<LabelledSamples> {
  const column = text ? 'text' : 'path';
  const subjectOf = new Map<string, string>();
  for (const row of await readCsv(file, [column, 'subject'])) {
    const { [column]: given = '', subject = '' } = row.fields;
    if (given === '') throw rowError(file, row, column, 'is empty');
    if (subject === '') throw rowError(file, row, 'subject', 'is empty');
    const sample = text ? given : resolve(root, given);
    const known = subjectOf.get(sample);
    if (known !== undefined && known !== subject)
      throw rowError(
        file,
        row,
        'subject',
        `is "${subject}" where an earlier row says "${known}" of the same ${column}`,
      );
    subjectOf.set(sample, subject);
  }
  const subjectNames = [...new Set(subjectOf.values())];
  const numbers = new Map(subjectNames.map((name, index) => [name, index]));
  if (subjectNames.length < 2)
    throw new AffinisError('invalid-argument', `${file}: names one subject only; impostor pairs need at least two`, {
      field: 'subject',
      reason: 'ONE_CLASS',
    });
  return {
    samples: [...subjectOf.keys()],
    text,
    subjects: Int32Array.from(subjectOf.values(), (name) => numbers.get(name) ?? -1),
    subjectNames,
  };
}
