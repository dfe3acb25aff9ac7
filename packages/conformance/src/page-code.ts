import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The files that a Markdown page shows, by the name behind the language of their fence (three backticks, `ts`, and
 * `linear.ts`), so that a test runs the page's own code. Code without a name is left out.
 */
export function pageFiles(page: string): ReadonlyMap<string, string> {
  const fences = readFileSync(page, 'utf8').matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms);
  return new Map([...fences].map(([, name = '', code = '']) => [name, code]));
}

/** Writes the files of a page into a folder; throws where it shows none. */
export function writePageFiles(page: string, folder: string): void {
  const files = pageFiles(page);
  if (files.size === 0)
    throw new Error(`[conformance] ${page} shows no file; name one behind the language of its fence`);
  for (const [name, code] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), code);
  }
}
