import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A sample, as a path relative to the file or as a sentence, with its subject. */
export interface Label {
  readonly sample: string;
  readonly subject: string;
}

/** Writes NAME.csv, and NAME-a.csv and NAME-b.csv with every second subject: one half to fit to, one to judge on. */
export function writeLabels(folder: string, name: string, column: 'path' | 'text', labels: readonly Label[]): string {
  const subjects = [...new Set(labels.map(({ subject }) => subject))].sort();
  const half = new Map(subjects.map((subject, index) => [subject, index % 2]));
  const write = (suffix: string, rows: readonly Label[]) =>
    writeCsv(
      join(folder, `${name}${suffix}.csv`),
      [column, 'subject'],
      rows.map(({ sample, subject }) => [sample, subject]),
    );
  write('', labels);
  write(
    '-a',
    labels.filter(({ subject }) => half.get(subject) === 0),
  );
  write(
    '-b',
    labels.filter(({ subject }) => half.get(subject) === 1),
  );
  return `${name}.csv, ${name}-a.csv, ${name}-b.csv: ${labels.length} samples of ${subjects.length} subjects`;
}

export function writeCsv(file: string, columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const quote = (value: string) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  writeFileSync(file, [columns, ...rows].map((row) => `${row.map(quote).join(',')}\n`).join(''));
}
