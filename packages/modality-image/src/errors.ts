import { AffinisError } from '@affinis/core';

export type SampleReason =
  | 'EMPTY'
  | 'UNSUPPORTED_KIND'
  | 'UNSUPPORTED_FORMAT'
  | 'UNDECODABLE'
  | 'TOO_MANY_PIXELS'
  | 'MEDIA_TYPE_MISMATCH'
  | 'NO_FACE'
  | 'SEVERAL_FACES'
  | 'BAD_LANDMARKS'
  | 'BAD_TENSOR';

/** The sample is at fault; `field` is relative to it. */
export const badSample = (field: string, reason: SampleReason, problem: string, cause?: unknown): AffinisError =>
  new AffinisError('invalid-argument', `[modality-image] ${problem}`, { field, reason, cause });

/** The model's manifest or the embedder's options are at fault. */
export const unusable = (field: string, problem: string): AffinisError =>
  new AffinisError('failed-precondition', `[modality-image] ${problem}`, { field, reason: 'MODEL_UNUSABLE' });
