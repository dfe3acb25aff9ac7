import { resolve } from 'node:path';
import { AffinisError } from '@affinis/core';
import { connectedSubjects, numbersOf } from '@affinis/evaluation';
import { type CsvRow, readCsv, rowError } from './csv.ts';

/** Pairs with what is known of them: `pairs.csv` with `left,right,same`, optionally `left_subject,right_subject` and `fold`. */
export interface LabelledPairs {
  /** Distinct samples: absolute paths, or sentences. */
  readonly samples: readonly string[];
  /** Distinct sides of pairs: positions in `samples`, one, or several that are fused. */
  readonly sides: readonly (readonly number[])[];
  readonly pairs: readonly LabelledPair[];
  /** True where a sample is a sentence and not a file. */
  readonly text: boolean;
}

export interface LabelledPair {
  /** Positions in `sides`. */
  readonly left: number;
  readonly right: number;
  /** 1 for one identity, 0 for two; with graded labels the grade. */
  readonly label: number;
  readonly leftSubject: string;
  readonly rightSubject: string;
  /** Empty where the file has no such column. */
  readonly fold: string;
  /** Line of the file. */
  readonly line: number;
}

export interface PairOptions {
  /** Folder that paths are relative to. */
  readonly root: string;
  readonly text: boolean;
  /** The column that holds the label; `same` unless it is graded. */
  readonly target: string;
}

/** Between the paths of a side that has several samples. */
const separator = '|';

/**
 * Without subject columns every side is its own subject, unless genuine pairs or a sample that both hold join them: sides
 * that a chain of these connects are one subject.
 */
export async function readPairs(file: string, { root, text, target }: PairOptions): Promise<LabelledPairs> {
  const rows = await readCsv(file, ['left', 'right', target]);
  const sampleNumber = numbersOf();
  const sideNumber = numbersOf();
  const samples: string[] = [];
  const sides: (readonly number[])[] = [];
  const position = (row: CsvRow, column: 'left' | 'right') => {
    const value = row.fields[column] ?? '';
    const members = (text ? [value] : value.split(separator)).map((member) => {
      if (member === '') throw rowError(file, row, column, 'is empty');
      const sample = text ? member : resolve(root, member);
      const number = sampleNumber(sample);
      samples[number] = sample;
      return number;
    });
    const number = sideNumber(members.join(separator));
    sides[number] = members;
    return number;
  };
  const read = rows.map((row) => ({
    row,
    left: position(row, 'left'),
    right: position(row, 'right'),
    label: target === 'same' ? sameOf(file, row) : gradeOf(file, row, target),
  }));
  const named = rows[0]?.fields.left_subject !== undefined && rows[0].fields.right_subject !== undefined;
  const chains = named
    ? undefined
    : connectedSubjects(sides.length, [
        ...read.filter(({ label }) => target === 'same' && label === 1),
        ...sharing(sides),
      ]);
  const pairs = read.map(({ row, left, right, label }) => ({
    left,
    right,
    label,
    leftSubject: chains ? String(chains[left]) : subjectOf(file, row, 'left_subject'),
    rightSubject: chains ? String(chains[right]) : subjectOf(file, row, 'right_subject'),
    fold: row.fields.fold ?? '',
    line: row.line,
  }));
  if (target === 'same') checkSubjects(file, pairs);
  return { samples, sides, pairs, text };
}

/** Links of sides that hold one sample. */
function sharing(sides: readonly (readonly number[])[]): { readonly left: number; readonly right: number }[] {
  const first = new Map<number, number>();
  return sides.flatMap((members, side) =>
    members.flatMap((sample) => {
      const left = first.get(sample);
      if (left === undefined) first.set(sample, side);
      return left === undefined || left === side ? [] : [{ left, right: side }];
    }),
  );
}

function sameOf(file: string, row: CsvRow): number {
  const value = (row.fields.same ?? '').toLowerCase();
  if (['1', 'true', 'yes'].includes(value)) return 1;
  if (['0', 'false', 'no'].includes(value)) return 0;
  throw rowError(file, row, 'same', `is "${value}"; write 1 for one identity and 0 for two`);
}

function gradeOf(file: string, row: CsvRow, target: string): number {
  const grade = Number(row.fields[target] || Number.NaN);
  if (Number.isFinite(grade)) return grade;
  throw rowError(file, row, target, `is "${row.fields[target]}", no number`);
}

function subjectOf(file: string, row: CsvRow, column: string): string {
  const subject = row.fields[column] ?? '';
  if (subject === '') throw rowError(file, row, column, 'is empty');
  return subject;
}

function checkSubjects(file: string, pairs: readonly LabelledPair[]): void {
  for (const { label, leftSubject, rightSubject, line } of pairs)
    if ((leftSubject === rightSubject) !== (label === 1))
      throw new AffinisError(
        'invalid-argument',
        `${file}:${line}: same: is ${label} where the subjects are "${leftSubject}" and "${rightSubject}"`,
        {
          field: 'same',
          reason: 'CONTRADICTION',
        },
      );
}
