import type { Degradation } from '../degradation.ts';
import type { Embedded, EmbedderDescription, EmbedOptions } from '../embedder.ts';
import type { WireError } from '../errors.ts';
import type { EmbeddingBlock } from '../metric.ts';
import type { Sample } from '../sample.ts';
import type { Population } from '../uncertainty/uncertainty-file.ts';

/** What a worker needs to build one embedder by itself. */
export interface EmbedderSpec {
  /** Its name in the pool; the runtime's own are digests of the rest, see `embedder-leases.ts`. */
  readonly name: string;
  /** `model`: reference into the model folders; `type`: id of a plugin's embedder. */
  readonly source: { readonly model: string } | { readonly type: string };
  readonly options: Readonly<Record<string, unknown>>;
  /** `none`: the model's uncertainty is left alone. Default `head`. */
  readonly uncertainty?: 'head' | 'none';
  /** Reference of a projection in the model folders. */
  readonly projection?: string;
}

/** What a worker needs to build one metric by itself. */
export interface MetricSpec {
  readonly type: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** sha256 of the file that each parameter names which is an (absolute) path. */
  readonly files?: Readonly<Record<string, string>>;
  /** By name, the metrics that it wraps. */
  readonly wrapped?: Readonly<Record<string, MetricSpec>>;
  /** Of the model whose embeddings are scored, and the space it belongs to. */
  readonly population?: {
    readonly space: string;
    /** Tells it from others of the same space. */
    readonly id: string;
    readonly values: Population;
  };
}

export interface WorkerSetup {
  /** Module URLs, each default-exporting a plugin. */
  readonly plugins: readonly string[];
  readonly modelRoots: readonly string[];
  /** Threads inside one model run. */
  readonly threads: number;
}

export type WorkerTask =
  | { readonly kind: 'load'; readonly spec: EmbedderSpec }
  /** Gives an embedder up, after what is in hand for it. */
  | { readonly kind: 'unload'; readonly embedder: string }
  | {
      readonly kind: 'embed';
      readonly embedder: string;
      readonly samples: readonly Sample[];
      readonly options?: EmbedOptions;
    }
  | {
      readonly kind: 'transform';
      readonly embedder: string;
      readonly samples: readonly Sample[];
      readonly degradations?: readonly (Degradation | undefined)[];
    }
  | {
      readonly kind: 'score';
      readonly metric: MetricSpec;
      readonly queries: EmbeddingBlock;
      readonly references: EmbeddingBlock;
    }
  /** Scores as `score` does and answers only the best rows of each query. */
  | {
      readonly kind: 'nearest';
      readonly metric: MetricSpec;
      readonly queries: EmbeddingBlock;
      readonly references: EmbeddingBlock;
      /** One a row of `references`, from its start: 0 leaves the row out. */
      readonly alive: Uint8Array;
      readonly k: number;
    };

/** The best rows of every query, best first; `k` places a query, what is not filled holds row -1. */
export interface NearestRows {
  /** int32[Q, k], counted from the block's start. */
  readonly rows: Int32Array;
  /** float64[Q, k], the metric's own scores. */
  readonly scores: Float64Array;
}

export interface WorkerAnswers {
  readonly load: EmbedderDescription;
  readonly unload: undefined;
  readonly embed: readonly WireResult<Embedded>[];
  readonly transform: readonly WireResult<Sample>[];
  readonly score: Float64Array;
  readonly nearest: NearestRows;
}

export type WireResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: WireError };

export type WorkerRequest =
  | { readonly id: number; readonly task: WorkerTask }
  | { readonly id: -1; readonly task: { readonly kind: 'stop' } };

export type WorkerReply =
  | { readonly id: number; readonly answer: WorkerAnswers[keyof WorkerAnswers] }
  | { readonly id: number; readonly error: WireError };
