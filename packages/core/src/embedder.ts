import type { Embedding } from './embedding.ts';
import type { Result } from './result.ts';
import type { Sample } from './sample.ts';
import type { SampleInfo } from './sample-info.ts';

/** Samples to embeddings. Runs inside a worker thread; queues, limits and deadlines belong to the pipeline, not here. */
export interface Embedder {
  readonly description: EmbedderDescription;
  /** One result per sample, in order; a bad sample fails alone. */
  embed(samples: readonly Sample[]): Promise<readonly Result<Embedded>[]>;
  dispose?(): Promise<void>;
}

export interface EmbedderDescription {
  /** What answered: model name, version and the artefact's sha256. */
  readonly model: ModelIdentity;
  readonly modality: string;
  readonly dimension: number;
  readonly space: string;
  readonly unitNorm: boolean;
  readonly uncertainty: 'none' | 'scalar' | 'diagonal';
  readonly varianceId?: string;
  readonly licence: string;
}

export interface ModelIdentity {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

export interface Embedded {
  readonly embedding: Embedding;
  readonly info?: SampleInfo;
  readonly timings: EmbedTimings;
}

/** Milliseconds of wall-clock time; `inferenceMs` is the sample's share of its batch's run. */
export interface EmbedTimings {
  readonly decodeMs: number;
  readonly prepareMs: number;
  readonly inferenceMs: number;
}
