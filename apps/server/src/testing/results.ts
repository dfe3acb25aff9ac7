import type { AffinisError, Result } from '@affinis/core';

/** The values of a batch that succeeded. */
export const unwrapAll = <T>(results: readonly Result<T>[]): T[] => results.map(unwrap);

export function unwrap<T>(result: Result<T> | undefined): T {
  if (result?.ok) return result.value;
  throw result?.error ?? new Error('no result');
}

/** What each item came to: `ok`, or the error's reason, or its code where it has none. */
export const outcomesOf = (results: readonly Result<unknown>[]): string[] =>
  results.map((result) => (result.ok ? 'ok' : (result.error.reason ?? result.error.code)));

/** What a call failed with. */
export async function errorOf(work: Promise<unknown>): Promise<AffinisError> {
  try {
    await work;
  } catch (thrown) {
    return thrown as AffinisError;
  }
  throw new Error('the call did not fail');
}
