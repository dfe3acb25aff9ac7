import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A path for a store in a new folder that goes with the test, whatever becomes of it. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const parent = mkdtempSync(join(tmpdir(), 'affinis-store-'));
  try {
    return await work(join(parent, 'store'));
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}
