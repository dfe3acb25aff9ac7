import { readFile } from 'node:fs/promises';
import { AffinisError } from '@affinis/core';
import { parse } from 'csv-parse/sync';

/** One data row, with the line of the file it stands on. */
export interface CsvRow {
  readonly line: number;
  readonly fields: Readonly<Record<string, string>>;
}

/** Reads a CSV file with a header line; throws `invalid-argument` naming the column or the line that is wrong. */
export async function readCsv(file: string, required: readonly string[]): Promise<readonly CsvRow[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new AffinisError('invalid-argument', `${file}: no such file, or it cannot be read`, {
      field: file,
      reason: 'NO_FILE',
      cause,
    });
  });
  const rows = parseRows(text, file);
  const [first] = rows;
  if (!first)
    throw new AffinisError('invalid-argument', `${file}: holds no rows below its header`, {
      field: file,
      reason: 'EMPTY',
    });
  const missing = required.find((column) => !(column in first.fields));
  if (missing !== undefined)
    throw new AffinisError(
      'invalid-argument',
      `${file}: has no column "${missing}"; its header must name ${required.join(', ')}`,
      { field: missing, reason: 'NO_COLUMN' },
    );
  return rows;
}

export const rowError = (file: string, { line }: CsvRow, column: string, problem: string): AffinisError =>
  new AffinisError('invalid-argument', `${file}:${line}: ${column}: ${problem}`, { field: column, reason: 'BAD_ROW' });

function parseRows(text: string, file: string): CsvRow[] {
  try {
    const records: { record: Record<string, string>; info: { lines: number } }[] = parse(text, {
      columns: (header: string[]) => header.map((name) => name.trim()),
      bom: true,
      info: true,
      skip_empty_lines: true,
      trim: true,
    });
    return records.map(({ record, info }) => ({ line: info.lines, fields: record }));
  } catch (cause) {
    throw new AffinisError('invalid-argument', `${file}: ${(cause as Error).message}`, {
      field: file,
      reason: 'BAD_FILE',
      cause,
    });
  }
}
