import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of this installation: the repository's. */
export const installation = fileURLToPath(new URL('../../../../', import.meta.url));

/** Whether a folder lies in the repository, where Node finds its packages by itself. */
export const isInside = (folder: string): boolean => !relative(installation, resolve(folder)).startsWith('..');

export interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** `package.json` of a folder of the installation. */
export const packageFile = (folder: string): PackageFile =>
  JSON.parse(readFileSync(join(installation, folder, 'package.json'), 'utf8'));
