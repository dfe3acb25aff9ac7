import type { Embedded, EmbedderDescription } from '../embedder.ts';
import type { Embedding } from '../embedding.ts';
import type { AffinisError } from '../errors.ts';
import type { EmbeddingBlock, MetricTraits } from '../metric.ts';
import type { Result } from '../result.ts';
import type { Sample } from '../sample.ts';

/**
 * A plugin that runs outside this process. Its embedders and metrics are called from the event loop, which only waits for
 * them; whoever provides the plugin sees to restarts, timeouts and repeated calls.
 */
export interface RemotePlugin {
  readonly name: string;
  /** Empty where `problem` is set. */
  readonly embedders: readonly RemoteEmbedderDefinition[];
  readonly metrics: readonly RemoteMetricDefinition[];
  /** Why it cannot be used now: what needs it is unavailable, and the rest is served. */
  readonly problem?: AffinisError;
}

export interface RemoteEmbedderDefinition {
  readonly id: string;
  readonly description: string;
  /** Throws `invalid-argument`, the field relative to the options, where the plugin refuses them. */
  create(options: Readonly<Record<string, unknown>>): Promise<RemoteEmbedder>;
}

export interface RemoteEmbedder {
  readonly description: EmbedderDescription;
  /** One result a sample, in order. `deadline` is a time of `performance.now()`. */
  embed(
    samples: readonly Sample[],
    options: { readonly deadline?: number | undefined },
  ): Promise<readonly Result<Embedded>[]>;
  dispose(): Promise<void>;
}

export interface RemoteMetricDefinition {
  readonly id: string;
  readonly description: string;
  /** True where it cannot be used without parameters, so that it is no metric under its own id. */
  readonly needsParameters: boolean;
  /** Throws `invalid-argument`, the field relative to the parameters, where the plugin refuses them. */
  create(parameters: Readonly<Record<string, unknown>>): Promise<RemoteMetric>;
}

/** Like a `Metric`, but its scores come later. */
export interface RemoteMetric extends MetricTraits {
  readonly unit: string;
  readonly remote: RemoteScoring;
  dispose(): Promise<void>;
}

export interface RemoteScoring {
  /** One score's result. Both embeddings are sound and comparable (checked before). Pairs asked for together travel together. */
  scorePair(left: Embedding, right: Embedding, signal?: AbortSignal): Promise<Result<number>>;
  /** float64[Q, R]; rejects where the plugin refuses the block as a whole. */
  scoreBlock(queries: SpacedRows, references: SpacedRows, signal?: AbortSignal): Promise<Float64Array>;
}

/** A block and what it is a block of. */
export interface SpacedRows {
  readonly block: EmbeddingBlock;
  readonly space: string;
  readonly varianceId?: string | undefined;
}
