import type { Judge } from './calibration/policy.ts';
import type { ConfiguredMetric } from './configured-metric.ts';
import type { EmbedderHost } from './embedder-host.ts';
import { AffinisError } from './errors.ts';
import type { FusionKind } from './fusion.ts';
import type { AnyMetric } from './metric.ts';
import type { SampleOrEmbedding } from './sample.ts';

/** A named way to compare: one embedder and metric, or several of them for several modalities. */
export type Pipeline = SinglePipeline | CompositePipeline;

export type PipelineState =
  | { readonly available: true }
  /** `reason` says what is wrong and how to mend it. */
  | { readonly available: false; readonly reason: string };

/** A named combination of embedder, metric and decision. */
export interface SinglePipeline {
  readonly kind: 'single';
  readonly name: string;
  readonly state: PipelineState;
  readonly embedder: EmbedderHost;
  readonly metricName: string;
  readonly metric: AnyMetric;
  /** The same as the workers build it: with the population of its embedder's space. */
  readonly scoring: ConfiguredMetric;
  readonly judge: Judge;
  /** The calibration reads the samples' uncertainties too, so that ratios do not rank pairs as scores do. */
  readonly readsQuality: boolean;
  /** How several samples of one side become one embedding. */
  readonly fusion: FusionKind;
  /** Mean variance per dimension above which a side is too uncertain to decide by. */
  readonly maxVariance?: number;
}

/** Adds the calibrated log-likelihood ratios of its parts, one a modality, into one decision. */
export interface CompositePipeline {
  readonly kind: 'composite';
  readonly name: string;
  readonly state: PipelineState;
  readonly parts: readonly CompositePart[];
  /** Judges the summed log-likelihood ratio. */
  readonly judge: Judge;
}

export interface CompositePart {
  readonly modality: string;
  readonly pipeline: SinglePipeline;
  /** Whether a raw sample is of this part's modality. */
  accepts(sample: SampleOrEmbedding): boolean;
}

/** Throws `failed-precondition`, saying what to mend, where the pipeline cannot be used. */
export function assertUsable({ name, state }: Pipeline): void {
  if (!state.available)
    throw new AffinisError('failed-precondition', `[core] pipeline "${name}" is unavailable: ${state.reason}`, {
      field: 'pipeline',
      reason: 'PIPELINE_UNAVAILABLE',
    });
}
