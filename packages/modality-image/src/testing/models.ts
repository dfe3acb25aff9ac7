import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onnxBackend } from '@affinis/backend-onnx';
import {
  createModelRepository,
  type LoadedModel,
  type ModelManifest,
  modelManifestSchema,
  type Preprocessor,
  readModelFile,
} from '@affinis/core';
import { floatsOf } from '../floats-of.ts';
import { imageModality } from '../index.ts';

const root = new URL('../../../../', import.meta.url);

export const repositoryFile = (path: string): Buffer => readFileSync(new URL(path, root));

const repository = createModelRepository([fileURLToPath(new URL('models', root))]);
const loaded = new Map<string, Promise<LoadedModel>>();

/** A model that ships, loaded once a test file. */
export function shippedModel(reference: string): Promise<LoadedModel> {
  const loading = loaded.get(reference) ?? load(reference);
  loaded.set(reference, loading);
  return loading;
}

async function load(reference: string): Promise<LoadedModel> {
  const { folder, manifest } = await repository.find(reference);
  const artefact = await readModelFile(folder, manifest.artefact.file, manifest.artefact.sha256);
  return { manifest, session: await onnxBackend.load(artefact, { threads: 1 }) };
}

/** A manifest with what every manifest needs, for models that exist only in a test. */
export const manifestOf = (part: Partial<ModelManifest>): ModelManifest =>
  modelManifestSchema.parse({
    name: 'test',
    version: '1',
    modality: 'image',
    artefact: { file: 'model.onnx', sha256: '0'.repeat(64) },
    licence: { name: 'none' },
    input: {},
    output: {},
    ...part,
  });

export interface OpenOptions {
  readonly manifest?: ModelManifest;
  readonly options?: Record<string, unknown>;
  readonly loadModel?: (reference: string) => Promise<LoadedModel>;
}

/** The image modality for a manifest, by default that of face-dlib128, with the models that ship. */
export async function openModality({
  manifest,
  options = {},
  loadModel = shippedModel,
}: OpenOptions = {}): Promise<Preprocessor> {
  return imageModality.open({
    manifest: manifest ?? (await shippedModel('face-dlib128')).manifest,
    options,
    loadModel,
    readFile: () => Promise.reject(new Error('the image modality reads no files')),
  });
}

/** Face embedding of face-dlib128 for what a preprocessor made. */
export async function embed({ inputs }: Awaited<ReturnType<Preprocessor['prepare']>>): Promise<Float32Array> {
  return floatsOf(await (await shippedModel('face-dlib128')).session.run(inputs, ['embedding']), 'embedding');
}

export function cosine(one: ArrayLike<number>, other: ArrayLike<number>): number {
  let [product, oneSquares, otherSquares] = [0, 0, 0];
  for (let d = 0; d < one.length; d++) {
    const [a, b] = [one[d] ?? 0, other[d] ?? 0];
    product += a * b;
    oneSquares += a * a;
    otherSquares += b * b;
  }
  return product / Math.sqrt(oneSquares * otherSquares);
}
