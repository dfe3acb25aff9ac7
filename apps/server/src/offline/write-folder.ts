import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AffinisError } from '@affinis/core';

/** Throws `invalid-argument` where a folder of results would replace something. */
export function checkFree(folder: string, option: string): void {
  if (existsSync(folder))
    throw new AffinisError('invalid-argument', `--${option} ${folder}: is there already; name a folder that is not`, {
      field: option,
      reason: 'USAGE',
    });
}

/**
 * Makes a whole folder or none: `fill` writes into one beside its place, which is renamed at the end and removed where
 * `fill` throws. Throws `invalid-argument` naming the option where the file system refuses.
 */
export async function writeFolder<T>(
  folder: string,
  option: string,
  fill: (temporary: string) => Promise<T>,
): Promise<T> {
  checkFree(folder, option);
  const temporary = `${folder}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(temporary);
    const filled = await fill(temporary);
    await rename(temporary, folder);
    return filled;
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    if (cause instanceof AffinisError || !(cause instanceof Error && 'syscall' in cause)) throw cause;
    throw new AffinisError('invalid-argument', `--${option} ${folder}: cannot be written; name another place`, {
      field: option,
      cause,
    });
  }
}
