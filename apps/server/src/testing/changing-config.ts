import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder of a server whose files change while it runs. */
export interface ChangingFolder {
  readonly path: string;
  /** Puts a whole new file in the old one's place, as editors and deployments do. */
  replace(name: string, text: string): void;
  /** Writes into the file that is there. */
  write(name: string, text: string): void;
  remove(): void;
}

export function createChangingFolder(): ChangingFolder {
  const path = mkdtempSync(join(tmpdir(), 'affinis-live-'));
  return {
    path,
    replace(name, text) {
      writeFileSync(join(path, `${name}.new`), text);
      renameSync(join(path, `${name}.new`), join(path, name));
    },
    write: (name, text) => writeFileSync(join(path, name), text),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/**
 * Files as Kubernetes mounts them: `NAME` leads to `..data/NAME`, and `..data` to a folder of this version, which a new
 * one replaces at once.
 */
export function mountVersion(folder: string, version: number, files: Readonly<Record<string, string>>): void {
  const home = `..version-${version}`;
  mkdirSync(join(folder, home));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, home, name), text);
  symlinkSync(home, join(folder, '..data.new'));
  renameSync(join(folder, '..data.new'), join(folder, '..data'));
  for (const name of Object.keys(files))
    try {
      symlinkSync(join('..data', name), join(folder, name));
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
    }
}
