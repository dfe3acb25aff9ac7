import { AffinisError, type ServerConfig } from '@affinis/core';

export type ServiceLimits = Pick<
  ServerConfig,
  'maxBatchItems' | 'maxStreamItems' | 'maxMediumBytes' | 'maxMessageBytes'
>;

/** Refuses a batch that is empty or over the limit. */
export function checkBatch(count: number, limits: ServiceLimits, field = 'items'): void {
  if (count === 0)
    throw new AffinisError('invalid-argument', `[server] ${field} is empty; send at least one`, {
      field,
      reason: 'EMPTY',
    });
  if (count > limits.maxBatchItems)
    throw new AffinisError(
      'resource-exhausted',
      `[server] ${field} holds ${count}; the most in one call is ${limits.maxBatchItems}, use several calls or the stream`,
      {
        field,
        reason: 'BATCH_TOO_LARGE',
      },
    );
}
