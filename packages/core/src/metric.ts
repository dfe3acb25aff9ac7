import type { z } from 'zod';
import { AffinisError } from './errors.ts';
import type { ScanForm } from './gallery/scan-form.ts';
import type { RemoteMetric } from './remote/remote-plugin.ts';
import type { Population } from './uncertainty/uncertainty-file.ts';

/** What is known of a metric without asking it for a score. */
export interface MetricTraits {
  readonly id: string;
  /** `similarity`: higher is more alike. `distance`: lower is more alike. */
  readonly polarity: 'similarity' | 'distance';
  /** True where both sides must carry a variance. */
  readonly needsVariance: boolean;
  /** The one space whose embeddings it was learned from and scores; a pipeline of another is not served. */
  readonly space?: string;
}

/** Scores pairs of embeddings, as blocks of queries x references so that fast kernels fit behind the same seam. */
export interface Metric extends MetricTraits {
  /** Ranks rows as the metric does, for fast scans; without it galleries are scanned by `scoreBlock`, in workers. */
  readonly scan?: ScanForm;
  /**
   * Writes `scores[q * references.count + r]`, in float64, for every query and reference. Both blocks have one
   * dimension, one space and finite values (checked before); allocates nothing.
   */
  scoreBlock(queries: EmbeddingBlock, references: EmbeddingBlock, scores: Float64Array): void;
  readonly remote?: undefined;
}

/** A metric of this process, or of another one. */
export type AnyMetric = Metric | RemoteMetric;

/** The metric, where it computes in this process; `purpose` (`"a fused metric"`) needs one that does. */
export function localMetric(metric: AnyMetric, purpose: string): Metric {
  if (!metric.remote) return metric;
  throw new AffinisError(
    'failed-precondition',
    `[core] metric "${metric.id}" runs in a process of its own, and ${purpose} needs one of this process; load the plugin as a module`,
    { field: 'metric', reason: 'REMOTE_METRIC' },
  );
}

/** Rows `start … start + count - 1` of packed embeddings. Mutable so that a loop can move one view along. */
export interface EmbeddingBlock {
  readonly dimension: number;
  /** float32[rows, D], row-major. */
  readonly means: Float32Array;
  /** float32[rows, D] (`diagonal`) or float32[rows] (`scalar`). */
  readonly variances?: Float32Array;
  readonly varianceKind: 'none' | 'scalar' | 'diagonal';
  readonly unitNorm: boolean;
  start: number;
  count: number;
}

/** How a plugin offers a metric: `create` makes one from validated parameters. */
export interface MetricDefinition<P = unknown> {
  readonly id: string;
  /** One line for people; the paper and equation where there is one. */
  readonly description: string;
  /** Unit and range of the score: `cosine, -1..1`, `nats`. */
  readonly unit: string;
  readonly parameters: z.ZodType<P>;
  /** Parameters that name a file: `create` is given absolute paths, calibrations know the files by their sha256. */
  readonly files?: readonly string[];
  /**
   * `population` is what the embedder's model knows of its subjects. A metric that needs one and gets none is created
   * all the same and throws `failed-precondition` when it scores.
   */
  create(parameters: P, population?: Population, context?: MetricContext): Metric;
  /** Names of the configured metrics that a combinator wraps; `create` gets them from its context. */
  wraps?(parameters: P): readonly string[];
}

/** What a metric is made with that wraps others: score normalisation, fusion. */
export interface MetricContext {
  /** A metric that `wraps` named, with the same population. */
  metric(name: string): Metric;
}
