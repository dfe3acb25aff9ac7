import { createHash } from 'node:crypto';
import { artefactDigest } from './artefact.ts';
import type { ModelManifest } from './manifest.ts';

/** Input fields that choose which part of a medium is embedded; they do not move the vector space. */
const selectors = new Set(['detector', 'landmarks', 'vad']);

/**
 * Identity of a model's vector space: `NAME/DIGEST`, the digest over what determines the mean (artefact,
 * preprocessing, output and normalisation). Two embedders with the same space give comparable vectors.
 */
export function spaceOf(manifest: ModelManifest): string {
  const { tensor, dimension, normalise } = manifest.output;
  const input = Object.fromEntries(Object.entries(manifest.input).filter(([key]) => !selectors.has(key)));
  return `${manifest.name}/${spaceDigest({ artefact: artefactDigest(manifest.artefact), input, output: { tensor, dimension, normalise } })}`;
}

/** Digest of what determines a space; the order of keys does not matter. */
export const spaceDigest = (content: unknown): string =>
  createHash('sha256').update(canonical(content)).digest('hex').slice(0, 16);

/** JSON with sorted keys, so that the order in a file does not matter. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}
