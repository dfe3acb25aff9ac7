import { AffinisError } from './errors.ts';

/** One item's outcome in a batch: a failure here never fails its neighbours. */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: AffinisError };

export const success = <T>(value: T): Result<T> => ({ ok: true, value });

export const failure = (thrown: unknown, where?: string): Result<never> => ({
  ok: false,
  error: AffinisError.from(thrown, where),
});

/** Runs `work` and turns whatever it throws into a failure. */
export function attemptSync<T>(work: () => T, where?: string): Result<T> {
  try {
    return success(work());
  } catch (thrown) {
    return failure(thrown, where);
  }
}

/** Runs `work` and turns whatever it throws, or rejects with, into a failure. */
export async function attempt<T>(work: () => T | Promise<T>, where?: string): Promise<Result<T>> {
  try {
    return success(await work());
  } catch (thrown) {
    return failure(thrown, where);
  }
}
