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
export { inlineBytes } from './ask.ts';
export { batchesOf } from './batches.ts';
export * from './client.ts';
export type {
  GalleryCalls,
  IdentifiedEnrolment,
  InGallery,
  PageRequest,
  SearchOptions,
  TemplateListing,
} from './galleries.ts';
export { createGrpcTransport } from './grpc-transport.ts';
export type { ServingState } from './health.ts';
export type { Identified } from './item-protocol.ts';
export { embeddingBytes, itemBytes } from './message-size.ts';
export { blockOf, type EmbeddingPair, rowSlices, type Scores, type ScoreTile } from './metrics.ts';
export {
  type AffinisClientOptions,
  type CallOptions,
  type RetryOptions,
  type Settings,
  settingsOf,
  type TlsOptions,
} from './options.ts';
export type { Limits, Method, Transport } from './transport.ts';
