import { readFile } from 'node:fs/promises';
import { AffinisError } from '@affinis/core';

/** Bytes of a labelled file; throws `invalid-argument` naming it. */
export async function readSampleFile(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch {
    throw new AffinisError('invalid-argument', `${path}: no such file, or it cannot be read`, {
      field: 'path',
      reason: 'NO_FILE',
    });
  }
}
