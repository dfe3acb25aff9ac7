import { createHash } from 'node:crypto';
import { type FSWatcher, readFileSync, readlinkSync, statSync, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Tells when the content of files changes, however that is done. */
export interface FileWatch {
  /** Goes on with these files; those that changed since the last look are told of. */
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
 * Watches the folders, not the files: editors and deployments put a new file in the old one's place, and Kubernetes swaps
 * a symbolic link on the way to it. Every link of a path is followed, so that a swap of any of them is seen. A path that
 * is not there yet is waited for in the nearest folder that is.
 */
export function watchFiles({ paths, onChange, onBlind, quietMs = 150 }: FileWatchOptions): FileWatch {
  const watchers = new Map<string, FSWatcher>();
  let followed = paths;
  let seen = fingerprint(followed);
  let timer: NodeJS.Timeout | undefined;

  const onEvent = () => {
    clearTimeout(timer);
    timer = setTimeout(look, quietMs);
  };
  const look = () => {
    arm();
    const now = fingerprint(followed);
    if (now === seen) return;
    seen = now;
    onChange();
  };
  const arm = () => {
    const wanted = new Map(followed.flatMap(foldersOnTheWay).map((folder) => [identityOf(folder), folder]));
    for (const [identity, watcher] of watchers) {
      if (wanted.has(identity)) continue;
      watchers.delete(identity);
      watcher.close();
    }
    for (const [identity, folder] of wanted) {
      if (watchers.has(identity)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, onEvent);
        watcher.on('error', onEvent);
        watchers.set(identity, watcher);
      } catch (cause) {
        onBlind(folder, cause);
      }
    }
  };
  arm();
  return {
    follow(next) {
      followed = next;
      look();
    },
    close() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
    },
  };
}

const fingerprint = (paths: readonly string[]): string => paths.map((path) => `${path} ${contentOf(path)}`).join('\n');

function contentOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch (thrown) {
    return String((thrown as NodeJS.ErrnoException).code);
  }
}

const mostLinks = 40;

/** The folders in which a link, or the file at the end of them, could be swapped. */
function foldersOnTheWay(path: string): string[] {
  const folders = new Set<string>();
  let current = resolve(path);
  for (let links = 0; links < mostLinks; links++) {
    const link = firstLink(current);
    folders.add(nearestFolder(dirname(link?.at ?? current)));
    if (!link) break;
    current = link.target;
  }
  return [...folders];
}

/** The first symbolic link among a path's parts, and the path that it leads to. */
function firstLink(path: string): { readonly at: string; readonly target: string } | undefined {
  const parts = path.split('/');
  for (let length = 2; length <= parts.length; length++) {
    const at = parts.slice(0, length).join('/');
    const to = linkOf(at);
    if (to !== undefined) return { at, target: resolve(dirname(at), to, ...parts.slice(length)) };
  }
  return undefined;
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function nearestFolder(folder: string): string {
  for (let current = folder; ; current = dirname(current))
    if (current === dirname(current) || isFolder(current)) return current;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Of the folder itself: another one may have taken its place under its name. */
function identityOf(folder: string): string {
  const found = statSync(folder, { throwIfNoEntry: false });
  return `${folder} ${found?.dev}:${found?.ino}`;
}
