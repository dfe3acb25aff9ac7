import type { Degradation } from './degradation.ts';
import type { Embedding } from './embedding.ts';
import type { Result } from './result.ts';
import type { Sample } from './sample.ts';
import type { SampleInfo } from './sample-info.ts';
import type { Tensors } from './tensor.ts';
import type { Population } from './uncertainty/uncertainty-file.ts';

/** Samples to embeddings. Runs inside a worker thread; queues, limits and deadlines belong to the pipeline, not here. */
export interface Embedder {
  readonly description: EmbedderDescription;
  /** One result per sample, in order; a bad sample fails alone. */
  embed(samples: readonly Sample[], options?: EmbedOptions): Promise<readonly Result<Embedded>[]>;
  /** Canonical forms of samples (see `Preprocessor.canonical`), each degraded where a degradation stands beside it. */
  transform?(
    samples: readonly Sample[],
    degradations?: readonly (Degradation | undefined)[],
  ): Promise<readonly Result<Sample>[]>;
  dispose?(): Promise<void>;
}

export interface EmbedOptions {
  /** Also return what an uncertainty head reads: the model's features, or its embedding where it has none. */
  readonly features?: boolean;
  /** Also return what the model was given, to train on what is served. An embedder in code has none. */
  readonly inputs?: boolean;
}

export interface EmbedderDescription {
  /** What answered: model name, version and the sha256 of its artefact (see `artefactDigest`). */
  readonly model: ModelIdentity;
  readonly modality: string;
  readonly dimension: number;
  readonly space: string;
  readonly unitNorm: boolean;
  readonly uncertainty: 'none' | 'scalar' | 'diagonal';
  readonly varianceId?: string;
  /** The subjects that MLS-LLR compares with, where the model's uncertainty was fitted. */
  readonly population?: Population;
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
  /** float32[F]; only where asked for. */
  readonly features?: Float32Array;
  /** The sample's rows of the model's input tensors, by name; only where asked for. */
  readonly inputs?: Tensors;
  readonly timings: EmbedTimings;
}

/** Milliseconds of wall-clock time; `inferenceMs` is the sample's share of its batch's run. */
export interface EmbedTimings {
  readonly decodeMs: number;
  readonly prepareMs: number;
  readonly inferenceMs: number;
}
