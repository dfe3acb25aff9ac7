import { AffinisError } from '../errors.ts';
import { assertUsable, type Pipeline, type SinglePipeline } from '../pipeline.ts';
import type { StoredGallery } from './template-store.ts';

/** The gallery that a new one shall be like: what its pipeline's embedder gives. Throws for what cannot have one. */
export function galleryOf(
  name: string,
  pipeline: Pipeline | undefined,
  pipelineName: string,
  createdAt: number,
): StoredGallery {
  const single = singleOf(pipeline, pipelineName);
  const { state } = single.embedder;
  if (!state.available) throw new AffinisError('internal', '[core] a usable pipeline has no embedder');
  const { space, dimension, unitNorm, uncertainty, varianceId } = state.description;
  return {
    name,
    space,
    dimension,
    unitNorm,
    varianceKind: uncertainty,
    ...(uncertainty === 'none' || varianceId === undefined ? {} : { varianceId }),
    createdAt,
    settings: { pipeline: pipelineName, fusion: single.fusion },
  };
}

/** Refuses a pipeline by which the gallery cannot be searched or enrolled into. */
export function fitting(gallery: StoredGallery, pipeline: Pipeline | undefined, name: string): SinglePipeline {
  const single = singleOf(pipeline, name);
  const { state } = single.embedder;
  if (!state.available) throw new AffinisError('internal', '[core] a usable pipeline has no embedder');
  const { space, varianceId } = state.description;
  const move = `affinis gallery migrate ${gallery.name} --pipeline ${name} SAMPLES`;
  const refuse = (problem: string, reason: string) =>
    new AffinisError('failed-precondition', `[core] ${problem}`, { field: 'pipeline', reason });
  if (space !== gallery.space)
    throw refuse(
      `gallery "${gallery.name}" is of space ${gallery.space} and pipeline "${name}" of ${space}: embeddings of two models are never compared; name a pipeline of that model, or embed its samples anew with: ${move}`,
      'OTHER_MODEL',
    );
  if (!single.metric.needsVariance) return single;
  if (gallery.varianceKind === 'none')
    throw refuse(
      `metric "${single.metricName}" needs variances and gallery "${gallery.name}" was created without; name a pipeline with a metric such as cosine, or embed its samples anew with: ${move}`,
      'NO_VARIANCE',
    );
  if (varianceId !== gallery.varianceId)
    throw refuse(
      `the variances of gallery "${gallery.name}" come from another head or calibration than pipeline "${name}" has; embed its samples anew with: ${move}`,
      'TWO_VARIANCES',
    );
  return single;
}

function singleOf(pipeline: Pipeline | undefined, name: string): SinglePipeline {
  const refuse = (code: 'not-found' | 'invalid-argument', problem: string, reason: string) =>
    new AffinisError(code, `[core] ${problem}`, { field: 'pipeline', reason });
  if (!pipeline)
    throw refuse('not-found', `no pipeline "${name}"; name one of the configuration's pipelines`, 'NO_PIPELINE');
  if (pipeline.kind === 'composite')
    throw refuse(
      'invalid-argument',
      `pipeline "${name}" is a composite of several spaces and a gallery has one; name one of its parts: ${pipeline.parts.map((part) => part.pipeline.name).join(', ')}`,
      'COMPOSITE',
    );
  assertUsable(pipeline);
  return pipeline;
}
