export interface MapConcurrentOptions<I> {
  /** Is given an item that was read and will not be worked on, where the loop over the results is left early. */
  readonly discard?: (item: I) => void;
  /** Share of the limit that an item takes, at most 1; default 1. */
  readonly weigh?: (item: I) => number;
}

/**
 * Maps a stream with items in work whose weights are `limit` together at most; results come as they finish, the source is
 * read no faster.
 */
export async function* mapConcurrent<I, O>(
  source: AsyncIterable<I>,
  limit: number,
  work: (item: I) => Promise<O>,
  { discard = () => {}, weigh = () => 1 }: MapConcurrentOptions<I> = {},
): AsyncGenerator<O> {
  const iterator = source[Symbol.asyncIterator]();
  const finished: { readonly weight: number; readonly value: O }[] = [];
  const queue = { used: 0, running: 0, reading: false, exhausted: false, left: false };
  let failed: { readonly thrown: unknown } | undefined;
  let wake = () => {};
  const fail = (thrown: unknown) => {
    failed ??= { thrown };
    wake();
  };

  const begin = (item: I) => {
    const weight = weigh(item);
    queue.used += weight;
    queue.running++;
    work(item).then((value) => {
      queue.running--;
      finished.push({ weight, value });
      wake();
    }, fail);
  };
  const read = () => {
    queue.reading = true;
    iterator.next().then((next) => {
      queue.reading = false;
      if (next.done) queue.exhausted = true;
      else if (queue.left) discard(next.value);
      else begin(next.value);
      wake();
    }, fail);
  };

  try {
    for (;;) {
      // By index: a shift for each would move all that wait.
      for (let at = 0; at < finished.length; at++) {
        const { weight, value } = finished[at] as (typeof finished)[number];
        yield value;
        queue.used -= weight;
      }
      finished.length = 0;
      if (failed) throw failed.thrown;
      if (queue.exhausted && queue.running === 0) return;
      // There is room for whatever comes next.
      const room = !queue.exhausted && queue.used <= limit - 1;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (room && !queue.reading) read();
      });
    }
  } finally {
    queue.left = true;
    if (!queue.exhausted) iterator.return?.().catch(() => undefined);
  }
}
