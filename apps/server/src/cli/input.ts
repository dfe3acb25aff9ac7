import { readFile, stat } from 'node:fs/promises';
import { AffinisError, type Sample } from '@affinis/core';

/** Larger files are surely no photo, recording or sentence. */
const maxFileBytes = 256 * 1024 * 1024;

/** A sample from the command line: a file, or with `text` the argument itself. */
export async function readSample(argument: string, text: boolean, field: string): Promise<Sample> {
  if (text) return { kind: 'text', text: argument };
  try {
    const { size } = await stat(argument);
    if (size > maxFileBytes)
      throw new AffinisError('invalid-argument', `${argument}: ${size} bytes; the most is ${maxFileBytes}`, { field });
    return { kind: 'media', bytes: new Uint8Array(await readFile(argument)) };
  } catch (cause) {
    if (cause instanceof AffinisError) throw cause;
    const reason =
      (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file; for a sentence use --text' : 'cannot be read';
    throw new AffinisError('invalid-argument', `${argument}: ${reason}`, { field, reason: 'NO_FILE' });
  }
}
