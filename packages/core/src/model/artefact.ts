import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Artefact } from '../backend.ts';
import type { ModelManifest } from './manifest.ts';
import { readModelFile } from './repository.ts';

type NamedArtefact = ModelManifest['artefact'];

/**
 * The artefact that a manifest names and the files beside it. Throws `failed-precondition` where one leaves the model's
 * folder, cannot be read, or does not have its sha256.
 */
export async function readArtefact(folder: string, { file, sha256, files }: NamedArtefact): Promise<Artefact> {
  const artefact = await readModelFile(folder, file, sha256);
  if (!files) return artefact;
  const named = Object.entries(files).map(async ([name, digest]) => {
    const { bytes } = await readModelFile(folder, join(dirname(file), name), digest);
    return [name, bytes] as const;
  });
  return { ...artefact, files: new Map(await Promise.all(named)) };
}

/** Identity of an artefact's content: its sha256; where it has files beside it, the sha256 over all of theirs. */
export function artefactDigest({ sha256, files }: NamedArtefact): string {
  if (!files) return sha256;
  const named = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([sha256, named]))
    .digest('hex');
}
