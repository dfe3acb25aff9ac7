/**
 * Maps a stream with at most `limit` items in work; results come as they finish, the source is read no faster. Where the
 * loop over the results is left early, `discard` is given an item that was read and will not be worked on.
 */
export async function* mapConcurrent<I, O>(
  source: AsyncIterable<I>,
  limit: number,
  work: (item: I) => Promise<O>,
  discard: (item: I) => void = () => {},
): AsyncGenerator<O> {
  type Event =
    | { readonly kind: 'item'; readonly next: IteratorResult<I> }
    | { readonly kind: 'result'; readonly key: number; readonly value: O };
  const iterator = source[Symbol.asyncIterator]();
  const running = new Map<number, Promise<Event>>();
  let reading: Promise<Event> | undefined;
  let exhausted = false;
  let key = 0;
  try {
    while (!exhausted || running.size > 0) {
      if (!exhausted && running.size < limit) reading ??= iterator.next().then((next) => ({ kind: 'item', next }));
      const waiting = [...running.values()];
      const event = await Promise.race(reading && running.size < limit ? [...waiting, reading] : waiting);
      if (event.kind === 'result') {
        running.delete(event.key);
        yield event.value;
        continue;
      }
      reading = undefined;
      if (event.next.done) exhausted = true;
      else {
        const current = key++;
        running.set(
          current,
          work(event.next.value).then((value) => ({ kind: 'result', key: current, value })),
        );
      }
    }
  } finally {
    reading
      ?.then((event) => {
        if (event.kind === 'item' && !event.next.done) discard(event.next.value);
      })
      .catch(() => undefined);
    for (const promise of running.values()) promise.catch(() => undefined);
    if (!exhausted) iterator.return?.().catch(() => undefined);
  }
}
