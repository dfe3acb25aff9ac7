import type { EmbedderDescription, Metric, ModelIdentity, Policy, Threshold } from '@affinis/core';

export type Polarity = Metric['polarity'];

/** The metric that made a score. */
export interface MetricIdentity {
  readonly name: string;
  readonly polarity: Polarity;
}

/** The pipeline that gave an answer: which model embedded and which metric scored. */
export interface PipelineIdentity {
  readonly pipeline: string;
  readonly model: ModelIdentity;
  readonly metric: MetricIdentity;
}

/** Whether something configured can be used now; if not, why and what to do about it, both for people. */
export type Availability =
  | { readonly available: true }
  | { readonly available: false; readonly reason: string; readonly fix: string };

export interface EmbedderListing {
  readonly name: string;
  readonly availability: Availability;
  /** Absent where it is unknown because the embedder is not available. */
  readonly description?: EmbedderDescription;
}

export interface MetricListing extends MetricIdentity {
  /** One line for people. */
  readonly description: string;
  /** Unit and range of the score: `cosine, -1..1`, `nats`. */
  readonly unit: string;
  readonly needsVariance: boolean;
}

export interface PipelineListing {
  readonly name: string;
  readonly modality: string;
  readonly embedder: string;
  /** Absent where it is unknown because the pipeline is not available. */
  readonly model?: ModelIdentity;
  readonly metric: MetricIdentity;
  readonly threshold?: Threshold;
  /** Absent: nothing to decide by. */
  readonly policy?: Policy;
  /** Digest of its calibration; absent: not calibrated. */
  readonly calibration?: string;
  /** True for the pipeline used for samples of its modality when a request names none. */
  readonly isDefault: boolean;
  readonly availability: Availability;
}
