/** Milliseconds before a thread is started again after `failures` early ends in a row: 250 ms, doubling, 30 s at most. */
export const restartDelayMs = (failures: number): number => Math.min(30_000, 250 * 2 ** Math.max(0, failures - 1));

/** A thread that has served for this long counts as healthy: its end begins a new row of failures. */
export const healthyAfterMs = 60_000;
