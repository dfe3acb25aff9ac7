import { setTimeout as delay } from 'node:timers/promises';
import { AffinisError } from '@affinis/core';
import type { RetryOptions } from './options.ts';
import type { Limits } from './transport.ts';

/**
 * Repeats what failed with a `retryAfterMs` from the server's RetryInfo, for as long as attempts and the deadline allow.
 * What failed as unreachable the channel has repeated already.
 */
export async function withRetry<T>(
  retry: RetryOptions | undefined,
  { deadline, signal }: Limits,
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (thrown) {
      const error = AffinisError.from(thrown, 'client');
      const { retryAfterMs, code } = error;
      if (code !== 'resource-exhausted' || retryAfterMs === undefined || attempt >= (retry?.attempts ?? 1)) throw error;
      const waitMs = retryAfterMs * (1 + Math.random() * 0.2);
      if (deadline && Date.now() + waitMs >= deadline.getTime()) throw error;
      await delay(waitMs, undefined, signal ? { signal } : {}).catch(() => {
        throw new AffinisError('cancelled', '[client] cancelled while waiting to retry', { cause: error });
      });
    }
  }
}
