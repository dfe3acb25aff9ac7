import { createHash } from 'node:crypto';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
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
    if (!isFolderName(name)) return [];
    for (const root of roots)
      for (const version of await subfolders(join(root, name))) {
        const entry = entries.has(version) ? undefined : await readEntry(join(root, name, version), name, version);
        if (entry) entries.set(version, entry);
      }
    return [...entries.values()].sort((a, b) => byVersion(a.version, b.version));
  };

  return {
    async list() {
      const names = new Set((await Promise.all(roots.map(subfolders))).flat());
      return (await Promise.all([...names].sort().map(versionsOf))).flat();
    },
    async find(reference) {
      const at = reference.indexOf('@');
      const name = at < 0 ? reference : reference.slice(0, at);
      const wanted = at < 0 ? undefined : reference.slice(at + 1);
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
export async function readModelFile(
  folder: string,
  file: string,
  sha256: string,
): Promise<{ path: string; bytes: Uint8Array }> {
  const base = await realpath(folder).catch(() => undefined);
  const path = base && (await realpath(join(base, file)).catch(() => undefined));
  if (base === undefined || path === undefined)
    throw unusable(`"${file}" is missing beside model.yaml`, 'artefact.file');
  const inside = relative(base, path);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside))
    throw unusable(`"${file}" leaves the model's folder`, 'artefact.file');
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw unusable(`"${file}" cannot be read; check that it is a file and its permissions`, 'artefact.file', cause);
  });
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== sha256)
    throw unusable(
      `"${file}" has sha256 ${actual.slice(0, 12)}… where model.yaml says ${sha256.slice(0, 12)}…; restore the file or correct the digest`,
      'artefact.sha256',
    );
  return { path, bytes };
}

/** The version in a folder; undefined where there is no `model.yaml`, so that other folders may lie beside versions. */
async function readEntry(folder: string, name: string, version: string): Promise<ModelEntry | undefined> {
  const label = `${name}/${version}/model.yaml`;
  try {
    const text = await readManifest(folder, label);
    if (text === undefined) return undefined;
    const manifest = parseYamlDocument(text, modelManifestSchema, label);
    if (manifest.name !== name || manifest.version !== version)
      throw unusable(
        `${label} says ${manifest.name}@${manifest.version}; the folder is NAME/VERSION of its manifest`,
        'name',
      );
    return { name, version, folder, manifest };
  } catch (thrown) {
    return { name, version, folder, error: AffinisError.from(thrown) };
  }
}

async function readManifest(folder: string, label: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, 'model.yaml'), 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unusable(`${label} cannot be read; check that it is a file and its permissions`, 'model.yaml', cause);
  }
}

async function subfolders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && isFolderName(entry.name))
    .map((entry) => entry.name);
}

/** A plain name, so that a reference cannot leave the roots; hidden folders hold no models. */
const isFolderName = (name: string) => /^[^./\\][^/\\\0]*$/.test(name);

const byVersion = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });

function missing(name: string, version: string | undefined, versions: readonly ModelEntry[]): AffinisError {
  const has = versions.length ? `; it has version ${versions.map((entry) => entry.version).join(', ')}` : '';
  return new AffinisError(
    'not-found',
    `[core] no model "${name}${version === undefined ? '' : `@${version}`}"${has}; put model.yaml and its artefact in models/${name}/${version ?? '1'}/`,
    { field: 'model', reason: 'MODEL_MISSING' },
  );
}

const unusable = (problem: string, field: string, cause?: unknown) =>
  new AffinisError('failed-precondition', `[core] ${problem}`, { field, reason: 'MODEL_UNUSABLE', cause });
