import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/*
 * A folder holds one data file, `templates-N.mdb`. A compaction writes `building.mdb`, syncs it and renames it to N + 1:
 * that rename is the moment when the new one counts, for the highest number is the one that is read. Every file has a lock
 * file of its own, so a process that still reads an old one is in nobody's way.
 */
const name = /^templates-([1-9][0-9]{0,15})\.mdb$/;
const building = 'building.mdb';

/** Path of the data file; undefined where the folder has none or is not there. */
export function currentFile(folder: string): string | undefined {
  const number = latestNumber(folder);
  return number === 0 ? undefined : dataFile(folder, number);
}

export const buildingFile = (folder: string): string => join(folder, building);

/** Makes the file that was built, synced and closed the one that counts, and removes all others. */
export function publish(folder: string): string {
  const number = latestNumber(folder) + 1;
  removeWithLock(buildingFile(folder), { keepData: true });
  syncPath(buildingFile(folder));
  renameSync(buildingFile(folder), dataFile(folder, number));
  syncPath(folder);
  return dataFile(folder, number);
}

/** Removes what a compaction left that was killed, before or after its file counted. Only the folder's writer may. */
export function removeLeftovers(folder: string): void {
  removeWithLock(buildingFile(folder));
  const latest = latestNumber(folder);
  for (const number of numbers(folder)) if (number !== latest) removeWithLock(dataFile(folder, number));
  syncPath(folder);
}

/** A new folder's name is on the disk only when the folder above it is. */
export function syncFolderAndParent(folder: string): void {
  syncPath(folder);
  syncPath(dirname(folder));
}

const dataFile = (folder: string, number: number): string => join(folder, `templates-${number}.mdb`);

const latestNumber = (folder: string): number => Math.max(0, ...numbers(folder));

function numbers(folder: string): number[] {
  try {
    return readdirSync(folder).flatMap((file) => Number(name.exec(file)?.[1] ?? []));
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ENOENT') return [];
    throw thrown;
  }
}

function removeWithLock(file: string, { keepData = false } = {}): void {
  if (!keepData) rmSync(file, { force: true });
  rmSync(`${file}-lock`, { force: true });
}

function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
