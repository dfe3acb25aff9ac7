import { readFileSync } from 'node:fs';

/** Rows of a file whose first line names the columns. Values hold no quotes. */
export function readTable(path: string, separator: ',' | '\t'): Readonly<Record<string, string>>[] {
  const [header = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split(/\r?\n/);
  const names = header.split(separator);
  return lines.map((line) => {
    const values = line.split(separator);
    return Object.fromEntries(names.map((name, column) => [name, values[column] ?? '']));
  });
}

/** Rows of a CSV file without a header; a value in double quotes may hold commas and doubled quotes. */
export function readQuotedCsv(path: string): string[][] {
  const lines = readFileSync(path, 'utf8').trimEnd().split(/\r?\n/);
  return lines.map((line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
      quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
    ),
  );
}
