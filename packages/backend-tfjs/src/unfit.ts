import { AffinisError } from '@affinis/core';

/** A tensor and a model that do not go together. */
export const unfit = (problem: string): AffinisError =>
  new AffinisError('failed-precondition', `[backend-tfjs] ${problem}`, { reason: 'MODEL_MISMATCH' });
