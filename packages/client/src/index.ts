export type {
  ClassifyAnswer,
  EmbedAnswer,
  EmbedderListing,
  IdentifyAnswer,
  MetricIdentity,
  MetricListing,
  ModelStatus,
  PipelineAnswer,
  PipelineIdentity,
  PipelineListing,
  ReloadAnswer,
  SpacedBlock,
  VerifyAnswer,
} from '@affinis/contracts';
export * from './admin.ts';
export * from './client.ts';
export type {
  GalleryCalls,
  IdentifiedEnrolment,
  InGallery,
  PageRequest,
  SearchOptions,
  TemplateListing,
} from './galleries.ts';
export type { ServingState } from './health.ts';
export type { Identified } from './item-protocol.ts';
export { blockOf, type EmbeddingPair, type Scores, type ScoreTile } from './metrics.ts';
export type { AffinisClientOptions, CallOptions, RetryOptions, TlsOptions } from './options.ts';
