import type { PipelineIdentity, PipelineListing } from '@affinis/contracts';
import {
  AffinisError,
  type Comparison,
  findPipeline,
  type Pipeline,
  type Runtime,
  type SampleOrEmbedding,
} from '@affinis/core';
import { availabilityOf } from './availability.ts';

/** The pipeline of that name, usable now. Throws `not-found`, or `failed-precondition` with what to mend. */
export function usablePipeline(runtime: Runtime, name: string): Pipeline {
  findPipeline(runtime.config, name);
  const pipeline = runtime.pipelines.get(name);
  if (pipeline?.embedder.state.available) return pipeline;
  const state = pipeline?.embedder.state;
  const reason = state && !state.available ? state.reason : 'its embedder is not loaded';
  throw new AffinisError('failed-precondition', `[server] pipeline "${name}" is unavailable: ${reason}`, {
    field: 'pipeline',
    reason: 'PIPELINE_UNAVAILABLE',
  });
}

/** The default pipeline for what an item holds: by modality of its first sample, or by the space of its embedding. */
export function defaultPipeline(runtime: Runtime, { left, right }: Comparison): Pipeline {
  for (const sample of [...left, ...right]) {
    const modality = modalityOf(runtime, sample);
    const name = modality === undefined ? undefined : runtime.config.defaults[modality];
    if (name !== undefined) return usablePipeline(runtime, name);
  }
  throw new AffinisError(
    'invalid-argument',
    `[server] the kind of these samples cannot be told; name a pipeline: ${[...runtime.pipelines.keys()].join(', ')}`,
    {
      field: 'pipeline',
      reason: 'PIPELINE_REQUIRED',
    },
  );
}

/** Pipelines that fit an item when a comparison names none: every usable one of the default pipeline's modality. */
export function pipelinesLike(runtime: Runtime, example: Pipeline): Pipeline[] {
  const modality = modalityName(example);
  return [...runtime.pipelines.values()]
    .filter((pipeline) => pipeline.embedder.state.available && modalityName(pipeline) === modality)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Who answers; only for a pipeline that is usable. */
export function identityOf({ name, embedder, metricName, metric }: Pipeline): PipelineIdentity {
  const model = embedder.state.available ? embedder.state.description.model : { name: '', version: '', sha256: '' };
  return { pipeline: name, model, metric: { name: metricName, polarity: metric.polarity } };
}

export function listingOf(runtime: Runtime, pipeline: Pipeline): PipelineListing {
  const { state } = pipeline.embedder;
  const defaults = Object.entries(runtime.config.defaults);
  const sharesEmbedder = (name: string) => runtime.config.pipelines[name]?.embedder === pipeline.embedder.name;
  return {
    name: pipeline.name,
    modality: state.available
      ? state.description.modality
      : (defaults.find(([, name]) => sharesEmbedder(name))?.[0] ?? ''),
    embedder: pipeline.embedder.name,
    ...(state.available ? { model: state.description.model } : {}),
    metric: { name: pipeline.metricName, polarity: pipeline.metric.polarity },
    ...(pipeline.threshold ? { threshold: pipeline.threshold } : {}),
    isDefault: defaults.some(([, name]) => name === pipeline.name),
    availability: availabilityOf(state),
  };
}

function modalityOf(runtime: Runtime, sample: SampleOrEmbedding): string | undefined {
  if (sample.kind !== 'embedding')
    return runtime.registry.modalities.find((modality) => modality.accepts?.(sample))?.id;
  for (const { state } of runtime.embedders.values())
    if (state.available && state.description.space === sample.embedding.space) return state.description.modality;
  return undefined;
}

const modalityName = ({ embedder: { state } }: Pipeline) => (state.available ? state.description.modality : undefined);
