import type { PipelineIdentity, PipelineListing } from '@affinis/contracts';
import {
  AffinisError,
  assertUsable,
  type Comparison,
  type EmbedderHost,
  findPipeline,
  type Pipeline,
  type Runtime,
  type SampleOrEmbedding,
  type SinglePipeline,
} from '@affinis/core';
import { availabilityOf } from './availability.ts';

/** The pipeline of that name, usable now. Throws `not-found`, or `failed-precondition` with what to mend. */
export function usablePipeline(runtime: Runtime, name: string): Pipeline {
  findPipeline(runtime.config, name);
  const pipeline = runtime.pipelines.get(name);
  if (!pipeline) throw new AffinisError('internal', `[server] pipeline "${name}" was not loaded`);
  assertUsable(pipeline);
  return pipeline;
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

/** The embedder of the default pipeline for a sample's kind; of a composite, of its part for that kind. */
export function defaultEmbedder(runtime: Runtime, sample: SampleOrEmbedding): EmbedderHost {
  const pipeline = defaultPipeline(runtime, { left: [sample], right: [] });
  if (pipeline.kind === 'single') return pipeline.embedder;
  const part = pipeline.parts.find(({ accepts }) => accepts(sample));
  if (part) return part.pipeline.embedder;
  throw new AffinisError(
    'invalid-argument',
    `[server] pipeline "${pipeline.name}" has no part for this sample; name an embedder`,
    {
      field: 'embedder',
      reason: 'PIPELINE_REQUIRED',
    },
  );
}

/** Pipelines that fit an item when a comparison names none: every usable one of the default pipeline's modality. */
export function pipelinesLike(runtime: Runtime, example: Pipeline): Pipeline[] {
  const modality = modalityName(example);
  return [...runtime.pipelines.values()]
    .filter((pipeline) => pipeline.state.available && modalityName(pipeline) === modality)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Who answers; only for a pipeline that is usable. */
export function identityOf(pipeline: Pipeline): PipelineIdentity {
  const models = singlesOf(pipeline).map(({ embedder: { state } }) =>
    state.available ? state.description.model : nobody,
  );
  const model = {
    name: models.map(({ name }) => name).join('+'),
    version: models.map(({ version }) => version).join('+'),
    sha256: models.map(({ sha256 }) => sha256).join('+'),
  };
  return { pipeline: pipeline.name, model, metric: metricOf(pipeline) };
}

export const nobody = { name: '', version: '', sha256: '' } as const;

export function listingOf(runtime: Runtime, pipeline: Pipeline): PipelineListing {
  const { name, state, judge } = pipeline;
  const { threshold, policy, calibrated } = judge(0, 0, 0);
  const source = policy?.kind === 'threshold' ? policy.source : 'calibration';
  return {
    name,
    modality: modalityName(pipeline) ?? defaultModality(runtime, pipeline),
    embedder: singlesOf(pipeline)
      .map(({ embedder }) => embedder.name)
      .join('+'),
    ...(state.available ? { model: identityOf(pipeline).model } : {}),
    metric: metricOf(pipeline),
    ...(threshold === undefined ? {} : { threshold: { value: threshold, source } }),
    ...(policy ? { policy } : {}),
    ...(calibrated?.calibration ? { calibration: calibrated.calibration } : {}),
    isDefault: Object.values(runtime.config.defaults).includes(name),
    availability: availabilityOf(state),
  };
}

export const singlesOf = (pipeline: Pipeline): readonly SinglePipeline[] =>
  pipeline.kind === 'single' ? [pipeline] : pipeline.parts.map((part) => part.pipeline);

function metricOf(pipeline: Pipeline): PipelineIdentity['metric'] {
  return pipeline.kind === 'single'
    ? { name: pipeline.metricName, polarity: pipeline.metric.polarity }
    : { name: 'llr', polarity: 'similarity' };
}

/** Of a pipeline that is unavailable: the modality whose default pipeline has its embedder. */
function defaultModality({ config }: Runtime, pipeline: Pipeline): string {
  const [first] = singlesOf(pipeline);
  const shares = (name: string) => config.pipelines[name]?.embedder === first?.embedder.name;
  return Object.entries(config.defaults).find(([, name]) => shares(name))?.[0] ?? '';
}

function modalityOf(runtime: Runtime, sample: SampleOrEmbedding): string | undefined {
  if (sample.kind !== 'embedding')
    return runtime.registry.modalities.find((modality) => modality.accepts?.(sample))?.id;
  for (const { state } of runtime.embedders.values())
    if (state.available && state.description.space === sample.embedding.space) return state.description.modality;
  return undefined;
}

function modalityName(pipeline: Pipeline): string | undefined {
  const names = singlesOf(pipeline).map(({ embedder: { state } }) =>
    state.available ? state.description.modality : undefined,
  );
  return names.includes(undefined) ? undefined : names.join('+');
}
