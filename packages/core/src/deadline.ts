/** A signal says that a deadline has passed, not when it will: whoever sets one notes it here. */
const deadlines = new WeakMap<AbortSignal, number>();

/** Notes when the work under `signal` must be done, in milliseconds of `performance.now()`. */
export const noteDeadline = (signal: AbortSignal, deadline: number): void => void deadlines.set(signal, deadline);

/** When the work under `signal` must be done, in milliseconds of `performance.now()`; undefined where nobody said. */
export const deadlineOf = (signal: AbortSignal | undefined): number | undefined => signal && deadlines.get(signal);
