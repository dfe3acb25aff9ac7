import { createHash } from 'node:crypto';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { AffinisError } from '../errors.ts';
import { parseYamlDocument } from '../yaml-document.ts';
import { type ModelManifest, modelManifestSchema } from './manifest.ts';

/** One version of a model: a folder `ROOT/NAME/VERSION` with a `model.yaml`. */
export interface ModelFolder {
  readonly manifest: ModelManifest;
  /** Absolute path. */
  readonly folder: string;
}

/** A version that was found, valid or not. */
export type ModelEntry =
  | { readonly name: string; readonly version: string; readonly folder: string; readonly manifest: ModelManifest }
  | { readonly name: string; readonly version: string; readonly folder: string; readonly error: AffinisError };

/** Model folders below a list of roots; where two roots hold the same version, the earlier root's wins. */
export interface ModelRepository {
  list(): Promise<readonly ModelEntry[]>;
  /** Finds `NAME` (its highest version) or `NAME@VERSION`; throws `not-found` with what to do. */
  find(reference: string): Promise<ModelFolder>;
}

export function createModelRepository(roots: readonly string[]): ModelRepository {
  const versionsOf = async (name: string): Promise<ModelEntry[]> => {
    const entries = new Map<string, ModelEntry>();
    for (const root of roots)
      for (const version of await subfolders(join(root, name)))
        if (!entries.has(version)) entries.set(version, await readEntry(join(root, name, version), name, version));
    return [...entries.values()].sort((a, b) => byVersion(a.version, b.version));
  };

  return {
    async list() {
      const names = new Set((await Promise.all(roots.map(subfolders))).flat());
      return (await Promise.all([...names].sort().map(versionsOf))).flat();
    },
    async find(reference) {
      const [name = '', wanted] = reference.split('@');
      const versions = await versionsOf(name);
      const entry = wanted === undefined ? versions.at(-1) : versions.find(({ version }) => version === wanted);
      if (!entry) throw missing(name, wanted, versions);
      if ('error' in entry) throw entry.error;
      return entry;
    },
  };
}

/**
 * Reads a file of a model's folder. Throws `failed-precondition` where the path leaves the folder, symbolic links
 * included, where it cannot be read, or where its sha256 is not the expected one.
 */
export async function readModelFile(folder: string, file: string, sha256: string): Promise<{ path: string; bytes: Uint8Array }> {
  const base = await realpath(folder);
  const path = await realpath(join(base, file)).catch(() => undefined);
  if (path === undefined) throw unusable(`"${file}" is missing beside model.yaml`, 'artefact.file');
  const inside = relative(base, path);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`)) throw unusable(`"${file}" leaves the model's folder`, 'artefact.file');
  const bytes = await readFile(path);
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== sha256)
    throw unusable(`"${file}" has sha256 ${actual.slice(0, 12)}… where model.yaml says ${sha256.slice(0, 12)}…; restore the file or correct the digest`, 'artefact.sha256');
  return { path, bytes };
}

async function readEntry(folder: string, name: string, version: string): Promise<ModelEntry> {
  const label = `${name}/${version}/model.yaml`;
  try {
    const manifest = parseYamlDocument(await readFile(join(folder, 'model.yaml'), 'utf8'), modelManifestSchema, label);
    if (manifest.name !== name || manifest.version !== version)
      throw unusable(`${label} says ${manifest.name}@${manifest.version}; the folder is NAME/VERSION of its manifest`, 'name');
    return { name, version, folder, manifest };
  } catch (thrown) {
    const error = thrown instanceof AffinisError ? thrown : unusable(`${label} cannot be read`, 'model.yaml');
    return { name, version, folder, error };
  }
}

async function subfolders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map((entry) => entry.name);
}

const byVersion = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });

function missing(name: string, version: string | undefined, versions: readonly ModelEntry[]): AffinisError {
  const has = versions.length ? `; it has version ${versions.map((entry) => entry.version).join(', ')}` : '';
  return new AffinisError(
    'not-found',
    `[core] no model "${name}${version === undefined ? '' : `@${version}`}"${has}; put model.yaml and its artefact in models/${name}/${version ?? '1'}/`,
    { field: 'model', reason: 'MODEL_MISSING' },
  );
}

const unusable = (problem: string, field: string) =>
  new AffinisError('failed-precondition', `[core] ${problem}`, { field, reason: 'MODEL_UNUSABLE' });
