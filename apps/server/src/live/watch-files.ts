import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync, statSync, watch } from 'node:fs';
import { join, resolve } from 'node:path';

/** Tells when the content of files changes, however that is done. */
export interface FileWatch {
  /** Goes on with these files. What a new one holds now is taken as known. */
  follow(paths: readonly string[]): void;
  close(): void;
}

export interface FileWatchOptions {
  readonly paths: readonly string[];
  readonly onChange: () => void;
  /** Told where a folder cannot be watched: changes below it will not be seen. */
  readonly onBlind: (folder: string, cause: unknown) => void;
  /** How long nothing may happen before a change is told: writers take their time. */
  readonly quietMs?: number;
}

/**
 * Watches folders, not files: editors and deployments put a new file in the old one's place, and Kubernetes swaps a
 * symbolic link on the way to it. All folders on the way of a path are watched, each for the name that the path takes in
 * it, so that whatever is swapped is seen, and a path that is not there yet is waited for.
 */
export function watchFiles({ paths, onChange, onBlind, quietMs = 150 }: FileWatchOptions): FileWatch {
  const watchers = new Map<string, { names: ReadonlySet<string>; close(): void }>();
  let seen = new Map(paths.map((path) => [path, contentOf(path)]));
  let timer: NodeJS.Timeout | undefined;

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(look, quietMs);
  };
  const look = () => {
    arm();
    const now = new Map([...seen.keys()].map((path) => [path, contentOf(path)]));
    const changed = [...now].some(([path, content]) => seen.get(path) !== content);
    seen = now;
    if (changed) onChange();
  };
  const arm = () => {
    const wanted = namesByFolder([...seen.keys()]);
    for (const [identity, watcher] of watchers) {
      if (wanted.has(identity)) continue;
      watchers.delete(identity);
      watcher.close();
    }
    for (const [identity, { folder, names }] of wanted) {
      const known = watchers.get(identity);
      if (known) known.names = names;
      else open(identity, folder, names);
    }
  };
  const open = (identity: string, folder: string, names: ReadonlySet<string>) => {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        if (name === null || entry.names.has(name)) later();
      });
      watcher.on('error', () => {
        watchers.delete(identity);
        later();
      });
      const entry = { names, close: () => watcher.close() };
      watchers.set(identity, entry);
    } catch (cause) {
      onBlind(folder, cause);
    }
  };
  arm();
  return {
    follow(next) {
      seen = new Map(next.map((path) => [path, seen.get(path) ?? contentOf(path)]));
      arm();
    },
    close() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
    },
  };
}

function contentOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch (thrown) {
    return String((thrown as NodeJS.ErrnoException).code);
  }
}

const mostLinks = 40;

/** By the identity of a folder, the names in it by which the paths go: another one may take a folder's place. */
function namesByFolder(paths: readonly string[]) {
  const found = new Map<string, { readonly folder: string; readonly names: Set<string> }>();
  for (const path of paths)
    for (const [folder, name] of stepsOf(path)) {
      const { dev, ino } = statSync(folder, { throwIfNoEntry: false }) ?? {};
      const identity = `${folder} ${dev}:${ino}`;
      const entry = found.get(identity) ?? { folder, names: new Set() };
      entry.names.add(name);
      found.set(identity, entry);
    }
  return found;
}

/** Every folder that a path goes by, with the name in it that is taken, as far as there is something; links are followed. */
function* stepsOf(path: string): Generator<readonly [folder: string, name: string]> {
  let folder = '/';
  let names = partsOf(path);
  let links = 0;
  for (let name = names.shift(); name !== undefined && isFolder(folder); name = names.shift()) {
    yield [folder, name];
    const at = join(folder, name);
    const link = linkAt(at);
    if (link === undefined) folder = at;
    else {
      if (++links > mostLinks) return;
      names = [...partsOf(resolve(folder, link)), ...names];
      folder = '/';
    }
  }
}

const partsOf = (path: string): string[] => resolve(path).split('/').filter(Boolean);

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
