import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AffinisError } from '@affinis/core';
import { isInside } from './installation.ts';
import { nodePackageJson, packNodePackages } from './node-package.ts';
import { templateFiles } from './template-files.ts';
import type { TemplateKind } from './template-kinds.ts';

export interface NewPlugin extends TemplateKind {
  readonly name: string;
  readonly folder: string;
  /** Paths of what was written, without what `vendor` holds. */
  readonly files: readonly string[];
  /** What to run next, in order. */
  readonly next: readonly string[];
}

/** Writes a plugin into an empty or new folder; `name` is the folder's where it is not given. */
export function newPlugin(directory: string, template: TemplateKind, givenName?: string): NewPlugin {
  const folder = resolve(directory);
  const name = checkedName(givenName ?? basename(folder), givenName === undefined);
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new AffinisError('invalid-argument', `${directory}: is not empty; name a new folder`, {
      field: 'dir',
      reason: 'NOT_EMPTY',
    });
  const vendor = !isInside(folder);
  const files = new Map([
    ...templateFiles(template, name),
    ['package.json', nodePackageJson(name, template.kind, { vendor })] as const,
  ]);
  for (const [path, content] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  if (vendor) packNodePackages(folder);
  const next = [vendor ? `cd ${directory} && npm install` : `cd ${directory}`, 'npm test', 'affinis serve'];
  return { ...template, name, folder, files: [...files.keys()].sort(), next };
}

function checkedName(name: string, ofFolder: boolean): string {
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) && name.length <= 64) return name;
  throw new AffinisError(
    'invalid-argument',
    `"${name}" is no name for a plugin: lower-case letters, digits and single dashes, a letter first${ofFolder ? '; rename the folder, or give --name' : ''}`,
    { field: 'name', reason: 'BAD_NAME' },
  );
}
