import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AffinisError } from '@affinis/core';

/** A file and whose it is. */
export interface OwnedFile {
  readonly owner: string;
  readonly path: string;
}

/** Files of a folder with one subfolder an identity, in the order of their names; hidden ones are left out. */
export async function filesByOwner(folder: string): Promise<OwnedFile[]> {
  const owners = (await entriesOf(folder)).filter((entry) => entry.isDirectory());
  if (owners.length === 0)
    throw new AffinisError(
      'invalid-argument',
      `${folder}: has no subfolders; give each person one, or name one identity with --id`,
      { field: 'folder', reason: 'NO_SUBFOLDERS' },
    );
  const files: OwnedFile[] = [];
  for (const { name } of owners)
    for (const path of await filesOf(join(folder, name))) files.push({ owner: name.normalize('NFC'), path });
  return files;
}

/** All files of a folder and the folders below it. */
export async function filesOf(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) files.push(...(await filesOf(path)));
    else files.push(path);
  }
  return files;
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter(({ name }) => !name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    const problem = code === 'ENOENT' ? 'no such folder' : code === 'ENOTDIR' ? 'is no folder' : 'cannot be read';
    throw new AffinisError('invalid-argument', `${folder}: ${problem}`, { field: 'folder', reason: 'NO_FOLDER' });
  }
}
