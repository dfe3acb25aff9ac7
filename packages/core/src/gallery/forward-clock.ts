/** A clock that never goes back: where the system's is set back, time stands still until it has caught up. */
export function createForwardClock(now: () => number): () => number {
  let latest = Number.NEGATIVE_INFINITY;
  return () => {
    latest = Math.max(latest, now());
    return latest;
  };
}
