import { join } from 'node:path';
import { createJudge } from './calibration/policy.ts';
import { findCalibration, readCalibrations, type StoredCalibration } from './calibration/store.ts';
import { createCompositeJudge } from './composite.ts';
import type { Config, PipelineConfig } from './config/schema.ts';
import type { ConfiguredMetric } from './configured-metric.ts';
import type { EmbedderHost } from './embedder-host.ts';
import { AffinisError } from './errors.ts';
import { parametersIdentity } from './metric-files.ts';
import type { ModelRepository } from './model/repository.ts';
import type { CompositePart, CompositePipeline, Pipeline, PipelineState, SinglePipeline } from './pipeline.ts';
import type { Registry } from './registry.ts';
import type { SampleOrEmbedding } from './sample.ts';

export interface PipelineParts {
  readonly config: Config;
  readonly registry: Registry;
  readonly models: ModelRepository;
  readonly embedders: ReadonlyMap<string, EmbedderHost>;
  readonly metrics: ReadonlyMap<string, ConfiguredMetric>;
  readonly metricFor: (configured: ConfiguredMetric, space: string) => ConfiguredMetric;
  /** Folders of calibrations besides those in the models' own `calibration` folders; searched first. */
  readonly calibrationFolders: readonly string[];
}

/** Pipelines by name; one whose policy cannot be held, or whose parts are missing, is there as unavailable. */
export async function assemblePipelines(parts: PipelineParts): Promise<Map<string, Pipeline>> {
  const pipelines = new Map<string, Pipeline>();
  const own = await readCalibrations(parts.calibrationFolders);
  for (const [name, entry] of Object.entries(parts.config.pipelines)) {
    if (entry.composite) continue;
    const pipeline = await assembleSingle(parts, own, name, entry);
    if (pipeline) pipelines.set(name, pipeline);
  }
  for (const [name, entry] of Object.entries(parts.config.pipelines)) {
    if (!entry.composite) continue;
    const singles = entry.composite.flatMap((part) => {
      const found = pipelines.get(part);
      return found?.kind === 'single' ? [found] : [];
    });
    if (singles.length === entry.composite.length) pipelines.set(name, assembleComposite(parts, name, entry, singles));
  }
  return pipelines;
}

async function assembleSingle(
  parts: PipelineParts,
  own: readonly StoredCalibration[],
  name: string,
  entry: PipelineConfig,
): Promise<SinglePipeline | undefined> {
  const embedder = parts.embedders.get(entry.embedder ?? '');
  const configured = parts.metrics.get(entry.metric ?? '');
  if (!embedder || !configured) return undefined;
  const { state } = embedder;
  const scoring = state.available ? parts.metricFor(configured, state.description.space) : configured;
  const { judge, readsQuality, state: judgedState } = await judgeOf(parts, own, entry, embedder, scoring);
  return {
    kind: 'single',
    name,
    embedder,
    metricName: configured.name,
    metric: scoring.metric,
    scoring,
    judge,
    readsQuality,
    fusion: entry.fusion,
    state: configured.problem
      ? { available: false, reason: configured.problem.message }
      : state.available
        ? judgedState
        : { available: false, reason: state.reason },
    ...(entry.maxVariance === undefined ? {} : { maxVariance: entry.maxVariance }),
  };
}

async function judgeOf(
  parts: PipelineParts,
  own: readonly StoredCalibration[],
  entry: PipelineConfig,
  { state }: EmbedderHost,
  { spec, metric }: ConfiguredMetric,
): Promise<Pick<SinglePipeline, 'judge' | 'readsQuality' | 'state'>> {
  const configured = parts.config.embedders[entry.embedder ?? ''];
  // What scores mean in a projected space stands beside the projection.
  const model = configured?.projection ?? configured?.model;
  const folder = model === undefined ? undefined : await parts.models.find(model).catch(() => undefined);
  const shipped = folder ? await readCalibrations([join(folder.folder, 'calibration')]) : [];
  const plain = Object.keys(spec.parameters).length === 0;
  const cardThreshold = plain ? folder?.manifest.thresholds[spec.type] : undefined;
  const calibration =
    state.available &&
    findCalibration([...own, ...shipped], {
      space: state.description.space,
      metric: spec.type,
      parameters: parametersIdentity(spec),
      varianceId: state.description.varianceId,
      needsVariance: metric.needsVariance,
    });
  const base = { metric, prior: entry.prior, cardThreshold };
  try {
    if (metric.needsVariance && state.available && state.description.uncertainty === 'none')
      throw new AffinisError(
        'failed-precondition',
        `[core] metric "${spec.type}" needs an embedder with uncertainty; fit one with affinis fit, or use metric cosine`,
      );
    if (entry.maxVariance !== undefined && state.available && state.description.uncertainty === 'none')
      throw new AffinisError(
        'failed-precondition',
        '[core] maxVariance needs an embedder with uncertainty; fit one with affinis fit, or remove maxVariance',
      );
    if (entry.fusion !== 'mean' && state.available && state.description.uncertainty === 'none')
      throw new AffinisError(
        'failed-precondition',
        `[core] fusion "${entry.fusion}" needs an embedder with uncertainty; fit one with affinis fit, or use fusion mean`,
      );
    return {
      judge: createJudge({ ...base, setting: entry.policy, calibration: calibration || undefined }),
      readsQuality: calibration ? calibration.values.logistic.quality !== undefined : false,
      state: { available: true },
    };
  } catch (thrown) {
    return {
      judge: createJudge(base),
      readsQuality: false,
      state: { available: false, reason: AffinisError.from(thrown).message },
    };
  }
}

function assembleComposite(
  parts: PipelineParts,
  name: string,
  entry: PipelineConfig,
  singles: readonly SinglePipeline[],
): CompositePipeline {
  const composed = singles.map((pipeline) => partOf(parts.registry, pipeline));
  const broken = singles.find(({ state }) => !state.available);
  const uncalibrated = singles.find(({ judge }) => judge(0, 0, 0).calibrated === undefined);
  const state: PipelineState = broken
    ? {
        available: false,
        reason: `its part "${broken.name}" is unavailable: ${broken.state.available ? '' : broken.state.reason}`,
      }
    : uncalibrated
      ? {
          available: false,
          reason: `its part "${uncalibrated.name}" is not calibrated; run affinis calibrate --pipeline ${uncalibrated.name}`,
        }
      : { available: true };
  return { kind: 'composite', name, state, parts: composed, judge: createCompositeJudge(entry.policy, entry.prior) };
}

function partOf(registry: Registry, pipeline: SinglePipeline): CompositePart {
  const { state } = pipeline.embedder;
  const id = state.available ? state.description.modality : pipeline.name;
  const modality = registry.findModality(id);
  const ofSpace = (sample: SampleOrEmbedding) =>
    sample.kind === 'embedding' && state.available && sample.embedding.space === state.description.space;
  return {
    modality: id,
    pipeline,
    accepts: (sample) => (sample.kind === 'embedding' ? ofSpace(sample) : (modality?.accepts?.(sample) ?? false)),
  };
}
