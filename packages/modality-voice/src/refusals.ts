import { AffinisError } from '@affinis/core';

export type SampleReason =
  | 'EMPTY'
  | 'UNSUPPORTED_KIND'
  | 'UNSUPPORTED_FORMAT'
  | 'UNDECODABLE'
  | 'MEDIA_TYPE_MISMATCH'
  | 'TOO_LONG'
  | 'TOO_SHORT'
  | 'NO_SPEECH'
  | 'BAD_PCM'
  | 'BAD_TENSOR';

/** The sample is at fault; `field` is relative to it. */
export const badSample = (field: string, reason: SampleReason, problem: string, cause?: unknown): AffinisError =>
  new AffinisError('invalid-argument', `[modality-voice] ${problem}`, { field, reason, cause });

/** An encoded recording whose content is damaged; `problem` says what was found. */
export const undecodable = (problem: string, cause?: unknown): AffinisError =>
  badSample('media', 'UNDECODABLE', `${problem}; send the complete file as it was recorded, or re-encode it`, cause);

/** A recording longer than the embedder takes. */
export const tooLong = (field: string, maxDurationMs: number): AffinisError =>
  badSample(
    field,
    'TOO_LONG',
    `the recording is longer than the ${maxDurationMs / 1000} s that are taken; send a shorter piece or raise the embedder's option maxDurationMs`,
  );

/** The model's manifest or the embedder's options are at fault. */
export const unusable = (field: string, problem: string): AffinisError =>
  new AffinisError('failed-precondition', `[modality-voice] ${problem}`, { field, reason: 'MODEL_UNUSABLE' });
