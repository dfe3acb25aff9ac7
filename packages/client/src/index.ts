export type {
  EmbedAnswer,
  EmbedderListing,
  MetricIdentity,
  MetricListing,
  PipelineAnswer,
  PipelineIdentity,
  PipelineListing,
  SpacedBlock,
  VerifyAnswer,
} from '@affinis/contracts';
export * from './client.ts';
export type { ServingState } from './health.ts';
export type { Identified } from './item-protocol.ts';
export { blockOf, type EmbeddingPair, type Scores, type ScoreTile } from './metrics.ts';
export type { AffinisClientOptions, CallOptions, RetryOptions, TlsOptions } from './options.ts';
