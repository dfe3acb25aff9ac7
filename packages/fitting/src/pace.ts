import { setImmediate } from 'node:timers/promises';
import { AffinisError } from '@affinis/core';

export interface Progress {
  /** What is being done, for people. */
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}

export interface Watch {
  /** Called about ten times a second. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the work with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
}

export type Pace = (stage: string, done: number, total: number) => Promise<void>;

const everyMs = 100;

/** To be awaited between pieces of work: reports, lets timers and messages through, and throws where it was aborted. */
export function createPace({ onProgress, signal }: Watch): Pace {
  let last = Number.NEGATIVE_INFINITY;
  let lastStage = '';
  return async (stage, done, total) => {
    checkAborted(signal);
    if (stage === lastStage && done < total && performance.now() - last < everyMs) return;
    onProgress?.({ stage, done, total });
    await setImmediate();
    checkAborted(signal);
    last = performance.now();
    lastStage = stage;
  };
}

function checkAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new AffinisError('cancelled', '[fitting] was cancelled', { cause: signal.reason });
}
