import {
  type EmbedAnswer,
  type EmbedderListing,
  embedderListingFromProto,
  type MetricListing,
  metricListingFromProto,
  type PipelineAnswer,
  type PipelineListing,
  pipelineListingFromProto,
  type SpacedBlock,
  type VerifyAnswer,
  v1,
} from '@affinis/contracts';
import type { Comparison, Result, Sample } from '@affinis/core';
import { ask, askStream, limitsOf } from './ask.ts';
import { createGalleryCalls, type GalleryCalls } from './galleries.ts';
import { createGrpcTransport } from './grpc-transport.ts';
import { checkHealth, type ServingState, watchHealth } from './health.ts';
import { compareProtocol, embedProtocol, type Identified, verifyProtocol } from './item-protocol.ts';
import { type EmbeddingPair, type Scores, type ScoreTile, score, scoreMatrix } from './metrics.ts';
import { type AffinisClientOptions, type CallOptions, settingsOf } from './options.ts';

/**
 * A server, as typed functions. Batches of any size: what does not fit into one message travels as a stream. One result
 * an item, in order; calls that fail as a whole throw an AffinisError.
 */
export interface AffinisClient extends GalleryCalls {
  listEmbedders(options?: CallOptions): Promise<readonly EmbedderListing[]>;
  /** `embedder` absent: the one of the default pipeline of the samples' kind. */
  embed(
    samples: readonly Sample[],
    options?: CallOptions & { readonly embedder?: string | undefined },
  ): Promise<readonly Result<EmbedAnswer>[]>;
  /** Results as they come, in any order. */
  embedStream(
    items: Items<{ readonly sample: Sample }>,
    options?: CallOptions & { readonly embedder?: string | undefined },
  ): AsyncIterable<Identified<EmbedAnswer>>;

  listMetrics(options?: CallOptions): Promise<readonly MetricListing[]>;
  score(pairs: readonly EmbeddingPair[], options: CallOptions & { readonly metric: string }): Promise<Scores>;
  /** Tiles of the matrix in any order; `blockOf` packs embeddings. */
  scoreMatrix(
    queries: SpacedBlock,
    references: SpacedBlock,
    options: CallOptions & { readonly metric: string; readonly rowsPerBlock?: number },
  ): AsyncIterable<ScoreTile>;

  listPipelines(options?: CallOptions): Promise<readonly PipelineListing[]>;
  /** `pipeline` absent: the default one of each item's kind. */
  verify(
    items: readonly Comparison[],
    options?: CallOptions & { readonly pipeline?: string | undefined },
  ): Promise<readonly Result<VerifyAnswer>[]>;
  /** Results as they come, in any order. */
  verifyStream(
    items: Items<Comparison>,
    options?: CallOptions & { readonly pipeline?: string | undefined },
  ): AsyncIterable<Identified<VerifyAnswer>>;
  /** `pipelines` absent or empty: every available one of each item's kind. */
  compare(
    items: readonly Comparison[],
    options?: CallOptions & { readonly pipelines?: readonly string[] | undefined },
  ): Promise<readonly Result<readonly PipelineAnswer[]>[]>;

  /** `service`: `''` (the server as a whole), a service such as `affinis.v1.Embedder`, or `pipelines/NAME`. */
  health(service?: string, options?: CallOptions): Promise<ServingState>;
  /** The state now and at each change, until the loop is left. */
  watch(service?: string, options?: Pick<CallOptions, 'signal'>): AsyncIterable<ServingState>;
  /** Calls in flight are finished, new ones fail. */
  close(): void;
}

/** What goes into a stream, each with the id that its result will carry. */
export type Items<T> = Iterable<T & { readonly id: string }> | AsyncIterable<T & { readonly id: string }>;

/** Connects at the first call. Throws `failed-precondition` where a token would travel in the clear beyond this machine. */
export function createAffinisClient(options: AffinisClientOptions): AffinisClient {
  const settings = settingsOf(options);
  const transport = createGrpcTransport(settings);
  const context = { transport, settings };
  return {
    async listEmbedders(call = {}) {
      const { embedders } = await transport.unary(v1.EmbedderService.listEmbedders, {}, limitsOf(settings, call));
      return embedders.map(embedderListingFromProto);
    },
    embed: (samples, call = {}) => ask(context, embedProtocol(call.embedder ?? ''), samples, call),
    embedStream: (items, call = {}) =>
      askStream(
        context,
        embedProtocol(call.embedder ?? ''),
        inputsOf(items, ({ sample }) => sample),
        call,
      ),

    async listMetrics(call = {}) {
      const { metrics } = await transport.unary(v1.MetricService.listMetrics, {}, limitsOf(settings, call));
      return metrics.map(metricListingFromProto);
    },
    score: (pairs, call) => score(context, call.metric, pairs, call),
    scoreMatrix: (queries, references, call) => scoreMatrix(context, call.metric, queries, references, call),

    async listPipelines(call = {}) {
      const { pipelines } = await transport.unary(v1.SimilarityService.listPipelines, {}, limitsOf(settings, call));
      return pipelines.map(pipelineListingFromProto);
    },
    verify: (items, call = {}) => ask(context, verifyProtocol(call.pipeline ?? ''), items, call),
    verifyStream: (items, call = {}) =>
      askStream(
        context,
        verifyProtocol(call.pipeline ?? ''),
        inputsOf(items, (item) => item),
        call,
      ),
    ...createGalleryCalls(context),

    compare: (items, call = {}) => ask(context, compareProtocol(call.pipelines ?? []), items, call),

    health: (service, call) => checkHealth(context, service, call),
    watch: (service, call) => watchHealth(context, service, call),
    close: () => transport.close(),
  };
}

async function* inputsOf<T extends { readonly id: string }, Input>(
  items: Iterable<T> | AsyncIterable<T>,
  read: (item: T) => Input,
) {
  for await (const item of items) yield { id: item.id, input: read(item) };
}
