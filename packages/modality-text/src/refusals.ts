import { AffinisError } from '@affinis/core';

export type SampleReason = 'EMPTY' | 'TOO_LONG' | 'BAD_UNICODE' | 'UNSUPPORTED_KIND';

/** The sample is at fault; `field` is relative to it. */
export const badSample = (field: string, reason: SampleReason, problem: string): AffinisError =>
  new AffinisError('invalid-argument', `[modality-text] ${problem}`, { field, reason });

/** The model's manifest, its vocabulary or the embedder's options are at fault. */
export const unusable = (field: string, problem: string, cause?: unknown): AffinisError =>
  new AffinisError('failed-precondition', `[modality-text] ${problem}`, { field, reason: 'MODEL_UNUSABLE', cause });
