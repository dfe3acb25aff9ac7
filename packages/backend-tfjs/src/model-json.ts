import { AffinisError, type Artefact } from '@affinis/core';
import type { io } from '@tensorflow/tfjs-core';
import { z } from 'zod';

/** A model as TensorFlow.js loads it from memory. */
export interface ModelFiles {
  readonly format: 'graph-model' | 'layers-model';
  readonly artifacts: io.ModelArtifacts;
}

const jsonObject = z.record(z.string(), z.unknown());
const modelJsonSchema = z.object({
  format: z.enum(['graph-model', 'layers-model']).optional(),
  modelTopology: jsonObject,
  weightsManifest: z
    .array(z.object({ paths: z.array(z.string()), weights: z.array(z.looseObject({ name: z.string() })) }))
    .default([]),
  signature: jsonObject.optional(),
  userDefinedMetadata: jsonObject.optional(),
  modelInitializer: jsonObject.optional(),
  initializerSignature: jsonObject.optional(),
});

/**
 * Reads a `model.json` and takes its weights from the artefact's files, never from the disk. Throws
 * `failed-precondition` for another file, and where it refers to weights that the artefact does not come with.
 */
export function readModelJson({ bytes, files }: Artefact): ModelFiles {
  const { format, modelTopology, weightsManifest, ...rest } = parse(bytes);
  const shards = weightsManifest.flatMap(({ paths }) => paths).map((path) => files?.get(path) ?? missing(path));
  return {
    // Converters before 2020 did not write the format.
    format: format ?? ('node' in modelTopology ? 'graph-model' : 'layers-model'),
    artifacts: {
      ...rest,
      modelTopology,
      weightSpecs: weightsManifest.flatMap(({ weights }) => weights as unknown as io.WeightsManifestEntry[]),
      weightData: joined(shards),
    } as io.ModelArtifacts,
  };
}

function parse(bytes: Uint8Array): z.infer<typeof modelJsonSchema> {
  try {
    return modelJsonSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new AffinisError(
      'failed-precondition',
      '[backend-tfjs] the artefact is not a model.json of TensorFlow.js (graph model or layers model); convert it again',
      { reason: 'BAD_MODEL', cause },
    );
  }
}

function missing(path: string): never {
  throw new AffinisError(
    'failed-precondition',
    `[backend-tfjs] model.json takes weights from "${path}", which model.yaml does not list; add it with its sha256 to artefact.files`,
    { field: 'artefact.files', reason: 'EXTERNAL_TENSORS' },
  );
}

function joined(parts: readonly Uint8Array[]): ArrayBuffer {
  const whole = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole.buffer;
}
