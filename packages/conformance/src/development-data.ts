import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Path of a file of the project's development data (`shared/data` beside the repository, or the folder that
 * AFFINIS_DATA names). Undefined, with a warning, where it is not there: skip the test then.
 */
export function developmentData(file: string): string | undefined {
  const folder = process.env.AFFINIS_DATA ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url));
  const path = `${folder}/${file}`;
  if (existsSync(path)) return path;
  process.stderr.write(`SKIPPED: development data ${file} not found; set AFFINIS_DATA to the folder that holds it\n`);
  return undefined;
}
