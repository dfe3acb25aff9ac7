/**
 * Runs pieces of work one after another in the order they came. Samples of one batch are prepared at once; interleaving
 * them on one thread would gain nothing, hold all of them in memory, and call the detector's session concurrently.
 */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
}
