import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A sample, as a path relative to the file or as a sentence, with its subject. */
export interface Label {
  readonly sample: string;
  readonly subject: string;
}

export function writeLabels(folder: string, name: string, column: 'path' | 'text', labels: readonly Label[]): string {
  writeCsv(
    join(folder, `${name}.csv`),
    [column, 'subject'],
    labels.map(({ sample, subject }) => [sample, subject]),
  );
  return `${name}.csv: ${labels.length} samples of ${new Set(labels.map(({ subject }) => subject)).size} subjects`;
}

/** Every second subject: one half to fit to, one to judge on. */
export function halves(labels: readonly Label[]): { readonly a: readonly Label[]; readonly b: readonly Label[] } {
  const subjects = [...new Set(labels.map(({ subject }) => subject))].sort();
  const place = new Map(subjects.map((subject, index) => [subject, index % 2]));
  const half = (wanted: number) => labels.filter(({ subject }) => place.get(subject) === wanted);
  return { a: half(0), b: half(1) };
}

export function writeCsv(file: string, columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const quote = (value: string) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  writeFileSync(file, [columns, ...rows].map((row) => `${row.map(quote).join(',')}\n`).join(''));
}
