import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { EmbedderDescription } from '../embedder.ts';
import { AffinisError } from '../errors.ts';
import { artefactDigest } from '../model/artefact.ts';
import type { ModelManifest } from '../model/manifest.ts';
import { spaceDigest } from '../model/space.ts';
import { fieldPath, problemsOf } from '../schema-problems.ts';
import { type LinearPart, projectedPopulation } from './projected-variance.ts';

/** `input` of a manifest whose task is `projection`. */
const inputSchema = z.strictObject({
  /** Name of the model's input, float32[N, D]; default: its first. */
  tensor: z.string().optional(),
  /** Space of the embeddings that it was learned from, and takes. */
  space: z.string().min(1),
  /** D */
  dimension: z.int().positive(),
  /** Where the map is linear: its matrix, little-endian float32[P, D] and nothing else, by which variances are mapped. */
  linear: z.strictObject({ file: z.string().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/) }).optional(),
});

export type ProjectionInput = z.infer<typeof inputSchema>;

/** Reads a projection's manifest; throws `failed-precondition` naming the field that is wrong. */
export function projectionInput(manifest: ModelManifest): ProjectionInput {
  const { name, task, output, input } = manifest;
  if (task !== 'projection' || output.dimension === undefined)
    throw unusable(`model ${name} is no projection: task must be "projection", with an output.dimension`, 'projection');
  const parsed = inputSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [problem] = problemsOf(parsed.error, inputSchema);
  const field = `input.${fieldPath(problem?.path ?? [])}`;
  throw unusable(`model ${name}: ${field}: ${problem?.message ?? 'invalid'}`, field);
}

/**
 * What an embedder with a projection says of itself. Its space is a digest over the embedder's and the projection's
 * artefact and normalisation, so that what one projection made is never compared with what another did. A variance
 * lives on where the map is linear. Throws `failed-precondition` where the projection was learned in another space.
 */
export function describeProjection(
  source: EmbedderDescription,
  manifest: ModelManifest,
  linear: LinearPart | undefined,
): EmbedderDescription {
  const { space, dimension } = projectionInput(manifest);
  if (space !== source.space || dimension !== source.dimension)
    throw unusable(
      `projection ${manifest.name} takes embeddings of space ${space} with ${dimension} dimensions and the embedder gives ${source.space} with ${source.dimension}; learn it again from this embedder, or use it with that one`,
      'projection',
    );
  const { tensor, dimension: outputs = 0, normalise } = manifest.output;
  const sha256 = artefactDigest(manifest.artefact);
  const { varianceId: sourceVarianceId, population: sourcePopulation, ...described } = source;
  const keepsVariance = linear !== undefined && sourceVarianceId !== undefined && source.uncertainty !== 'none';
  const population =
    keepsVariance && normalise === 'none' && sourcePopulation
      ? projectedPopulation(linear, sourcePopulation)
      : undefined;
  return {
    ...described,
    model: {
      name: `${source.model.name}+${manifest.name}`,
      version: `${source.model.version}+${manifest.version}`,
      sha256,
    },
    dimension: outputs,
    space: `${manifest.name}/${spaceDigest({ space, artefact: sha256, output: { tensor, dimension: outputs, normalise } })}`,
    unitNorm: normalise === 'l2',
    uncertainty: keepsVariance ? 'diagonal' : 'none',
    ...(keepsVariance ? { varianceId: projectedId(sourceVarianceId, sha256) } : {}),
    ...(population ? { population } : {}),
    licence: `${source.licence}; ${manifest.licence.name}`,
  };
}

const projectedId = (varianceId: string, sha256: string): string =>
  createHash('sha256').update(`${varianceId} ${sha256}`).digest('hex').slice(0, 16);

export const unusable = (problem: string, field: string): AffinisError =>
  new AffinisError('failed-precondition', `[core] ${problem}`, { field, reason: 'MODEL_UNUSABLE' });
