import type { Session } from '../backend.ts';
import type { EmbedderDescription } from '../embedder.ts';
import { AffinisError } from '../errors.ts';
import type { Uncertainty } from '../uncertainty/uncertainty-file.ts';
import { artefactDigest } from './artefact.ts';
import type { ModelManifest } from './manifest.ts';
import { spaceOf } from './space.ts';

/** What a model's embedder will say of itself, from the manifest alone. */
export function describeModel(manifest: ModelManifest, uncertainty?: Uncertainty): EmbedderDescription {
  const { dimension, normalise } = manifest.output;
  if (manifest.task !== 'embedding' || dimension === undefined)
    throw new AffinisError(
      'failed-precondition',
      `[core] model ${manifest.name} is no embedder: task must be "embedding" with an output.dimension`,
      {
        field: 'model',
        reason: 'MODEL_UNUSABLE',
      },
    );
  return {
    model: { name: manifest.name, version: manifest.version, sha256: artefactDigest(manifest.artefact) },
    modality: manifest.modality,
    dimension,
    space: spaceOf(manifest),
    unitNorm: normalise === 'l2',
    ...describeUncertainty(manifest, uncertainty),
    licence: manifest.licence.name,
  };
}

/** Name of the output that holds the embedding. */
export function outputName({ name, output }: ModelManifest, { outputNames }: Session): string {
  const wanted = output.tensor ?? outputNames[0];
  if (wanted !== undefined && outputNames.includes(wanted)) return wanted;
  throw new AffinisError(
    'failed-precondition',
    `[core] model ${name} has no output "${wanted ?? ''}"; set output.tensor in model.yaml to one of: ${outputNames.join(', ')}`,
    { field: 'output.tensor', reason: 'MODEL_UNUSABLE' },
  );
}

/** Name of the output that an uncertainty head reads; undefined where the manifest names none. */
export function featuresName({ name, output }: ModelManifest, { outputNames }: Session): string | undefined {
  if (output.features === undefined || outputNames.includes(output.features)) return output.features;
  throw new AffinisError(
    'failed-precondition',
    `[core] model ${name} has no output "${output.features}"; set output.features in model.yaml to one of: ${outputNames.join(', ')}`,
    {
      field: 'output.features',
      reason: 'MODEL_UNUSABLE',
    },
  );
}

function describeUncertainty({ uncertainty: file }: ModelManifest, uncertainty: Uncertainty | undefined) {
  if (!uncertainty || !file) return { uncertainty: 'none' } as const;
  const { head, calibration, population } = uncertainty;
  const kind = head.kind === 'scalar' && calibration.c === 0 ? 'scalar' : 'diagonal';
  return { uncertainty: kind, varianceId: varianceIdOf(file.sha256), population } as const;
}

/** What determines a variance, by the sha256 of its uncertainty file: head, constants and population. */
export const varianceIdOf = (sha256: string): string => sha256.slice(0, 16);
