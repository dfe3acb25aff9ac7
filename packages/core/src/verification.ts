import type { CalibratedScore, Decision, Policy } from './calibration/policy.ts';
import type { SampleOrEmbedding } from './sample.ts';
import type { SampleInfo } from './sample-info.ts';

/** Two sides, each of one or more samples or embeddings of one identity. */
export interface Comparison {
  readonly left: readonly SampleOrEmbedding[];
  readonly right: readonly SampleOrEmbedding[];
}

export interface Verification {
  /** Raw score of the metric; of a composite, the sum of its parts' log-likelihood ratios. */
  readonly score: number;
  /** Raw score at which it is decided; absent where nothing decides, or the samples' uncertainty does so too. */
  readonly threshold?: Threshold;
  /** `undecided` where the pipeline has nothing to decide by, `insufficient` where a side is too uncertain. */
  readonly decision: Decision;
  /** Why the decision is `insufficient`, and what to do. */
  readonly reason?: string;
  readonly policy?: Policy;
  readonly calibrated?: CalibratedScore;
  readonly timings: PhaseTimings;
  readonly left: readonly (SampleInfo | undefined)[];
  readonly right: readonly (SampleInfo | undefined)[];
}

export interface Threshold {
  /** Raw score; a similarity at or above it, or a distance at or below it, is a match. */
  readonly value: number;
  readonly source: 'model-card' | 'config' | 'calibration';
}

/** Milliseconds by phase, summed over an item's samples; `queueMs` is the longest wait among them. */
export interface PhaseTimings {
  readonly queueMs: number;
  readonly decodeMs: number;
  readonly prepareMs: number;
  readonly inferenceMs: number;
  readonly scoreMs: number;
}
