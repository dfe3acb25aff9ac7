import { getEventListeners } from 'node:events';
import { AffinisError } from './errors.ts';
import { type Result, success } from './result.ts';
import { createScheduler, type SchedulerOptions, type SubmitOptions } from './scheduler.ts';

interface Run {
  readonly lane: string;
  readonly items: readonly string[];
  /** Ends the run with one result an item, in capitals. */
  finish(): void;
  finishWith(results: readonly Result<string>[]): void;
  fail(thrown: unknown): void;
}

/** A scheduler whose batches stay in hand until the test ends them. */
function controlled(options: Partial<SchedulerOptions<string, string>> = {}) {
  const runs: Run[] = [];
  const scheduler = createScheduler<string, string>({
    slots: 1,
    maxItems: 3,
    maxCost: 10,
    queueItems: 100,
    queueBytes: 1000,
    run: (lane, items) =>
      new Promise((resolve, reject) => {
        const finishWith = (results: readonly Result<string>[]) => resolve(results);
        runs.push({
          lane,
          items,
          fail: reject,
          finishWith,
          finish: () => finishWith(items.map((item) => success(item.toUpperCase()))),
        });
      }),
    ...options,
  });
  const submit = (item: string, { lane = 'l', ...given }: Partial<SubmitOptions> & { lane?: string } = {}) =>
    scheduler.submit(lane, item, { cost: 1, bytes: 1, ...given });
  return { scheduler, runs, submit };
}

/** One turn of the event loop: what arrived together has been started. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const batches = (runs: readonly Run[]) => runs.map(({ items }) => items.join(''));

/** Ends all batches, also those that start meanwhile. */
async function finishAll(runs: readonly Run[]): Promise<void> {
  for (let done = 0; done < runs.length; ) {
    for (const run of runs.slice(done)) run.finish();
    done = runs.length;
    await turn();
  }
}

describe('batches', () => {
  it('hold what arrived together, up to maxItems', async () => {
    const { runs, submit } = controlled();
    const results = [...'abcde'].map((item) => submit(item));
    await turn();
    expect(batches(runs)).toEqual(['abc']);
    await finishAll(runs);
    expect(batches(runs)).toEqual(['abc', 'de']);
    expect((await Promise.all(results)).map(({ result }) => result.ok && result.value)).toEqual([...'ABCDE']);
  });

  it('hold up to maxCost, and a single item above it alone', async () => {
    const { runs, submit } = controlled({ maxItems: 9 });
    const costs = { a: 6, b: 4, c: 1, d: 50, e: 10, f: 3 };
    const results = Object.entries(costs).map(([item, cost]) => submit(item, { cost }));
    await turn();
    await finishAll(runs);
    await Promise.all(results);
    expect(batches(runs)).toEqual(['ab', 'c', 'd', 'e', 'f']);
  });

  it('are of one lane, the lane of the oldest item first', async () => {
    const { runs, submit } = controlled();
    const results = [submit('a', { lane: 'x' })];
    await turn();
    results.push(
      submit('b', { lane: 'y' }),
      submit('c', { lane: 'x' }),
      submit('d', { lane: 'y' }),
      submit('e', { lane: 'z' }),
    );
    await finishAll(runs);
    await Promise.all(results);
    expect(runs.map(({ lane, items }) => `${lane}:${items.join('')}`)).toEqual(['x:a', 'y:bd', 'x:c', 'z:e']);
  });

  it('run as many at once as there are slots', async () => {
    const { runs, submit, scheduler } = controlled({ slots: 2, maxItems: 1 });
    const results = [...'abc'].map((item) => submit(item));
    await turn();
    expect(batches(runs)).toEqual(['a', 'b']);
    expect(scheduler.queued).toBe(1);
    runs[1]?.finish();
    await results[1];
    await turn();
    expect(batches(runs)).toEqual(['a', 'b', 'c']);
    await finishAll(runs);
    await Promise.all(results);
  });
});

describe('results', () => {
  it('tell how long the item waited', async () => {
    const { runs, submit } = controlled();
    const result = submit('a');
    await turn();
    await finishAll(runs);
    expect((await result).queueMs).toBeGreaterThanOrEqual(0);
  });

  it('are errors of their own items only', async () => {
    const { runs, submit } = controlled();
    const results = [submit('a'), submit('b')];
    await turn();
    const error = new AffinisError('invalid-argument', '[toy] bad');
    runs[0]?.finishWith([success('A'), { ok: false, error }]);
    expect((await Promise.all(results)).map(({ result }) => result)).toEqual([success('A'), { ok: false, error }]);
  });

  it.each([[[]], [[success('A')]], [[success('A'), success('B'), success('C')]]])(
    'are refused where their count is wrong: %j',
    async (given) => {
      const { runs, submit } = controlled();
      const results = [submit('a'), submit('b')];
      await turn();
      runs[0]?.finishWith(given);
      for (const { result } of await Promise.all(results))
        expect(result).toMatchObject({
          ok: false,
          error: { code: 'internal', message: `[core] embedder "l" returned ${given.length} results for 2 samples` },
        });
    },
  );

  it('reject where the run throws, and the next batch runs', async () => {
    const { runs, submit } = controlled({ maxItems: 1 });
    const results = [submit('a'), submit('b'), submit('c')];
    const [a, b] = results.map((result) => result.catch((error: unknown) => error));
    await turn();
    runs[0]?.fail(new AffinisError('unavailable', '[core] lost'));
    expect(await a).toMatchObject({ code: 'unavailable' });
    await turn();
    runs[1]?.fail(new TypeError('x'));
    expect(await b).toMatchObject({ code: 'internal' });
    await turn();
    await finishAll(runs);
    await expect(results[2]).resolves.toBeDefined();
  });

  it('reject where the run throws before it returns a promise', async () => {
    const { submit } = controlled({
      run: () => {
        throw new AffinisError('unavailable', '[core] none left');
      },
    });
    await expect(submit('a')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(submit('b')).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('an abort', () => {
  const deadline = new AffinisError('deadline-exceeded', '[server] deadline');

  it('rejects a queued item at once with the reason, and frees its room', async () => {
    const { runs, submit, scheduler } = controlled({ queueItems: 2, queueBytes: 10 });
    const running = submit('a');
    await turn();
    const controller = new AbortController();
    const dropped = submit('b', { bytes: 10, signal: controller.signal });
    await expect(submit('c', { bytes: 1 })).rejects.toMatchObject({ reason: 'QUEUE_FULL' });
    controller.abort(deadline);
    await expect(dropped).rejects.toBe(deadline);
    expect(scheduler.queued).toBe(0);
    const next = submit('d', { bytes: 10 });
    await finishAll(runs);
    await Promise.all([running, next]);
    expect(batches(runs)).toEqual(['a', 'd']);
  });

  it('rejects a running item at once, whose batch finishes for the others', async () => {
    const { runs, submit } = controlled();
    const controller = new AbortController();
    const gone = submit('a', { signal: controller.signal });
    const stays = submit('b');
    await turn();
    controller.abort(deadline);
    await expect(gone).rejects.toBe(deadline);
    runs[0]?.finish();
    await expect(stays).resolves.toMatchObject({ result: success('B') });
  });

  it('before submission keeps the item out', async () => {
    const { runs, submit } = controlled();
    await expect(submit('a', { signal: AbortSignal.abort(deadline) })).rejects.toBe(deadline);
    await turn();
    expect(runs).toEqual([]);
  });

  it.each([
    [undefined, 'cancelled'],
    [new DOMException('timeout', 'TimeoutError'), 'deadline-exceeded'],
  ])('with another reason (%p) becomes %s', async (reason, code) => {
    await expect(controlled().submit('a', { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({ code });
  });

  it('costs one listener a signal, gone when its items are done', async () => {
    const { runs, submit } = controlled();
    const { signal } = new AbortController();
    const results = [...'abcdefghijklmnop'].map((item) => submit(item, { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await turn();
    await finishAll(runs);
    await Promise.all(results);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('leaves no listener behind where the run throws or the item is aborted', async () => {
    const { runs, submit } = controlled();
    const controller = new AbortController();
    const failing = submit('a', { signal: controller.signal });
    await turn();
    runs[0]?.fail(new Error('x'));
    await expect(failing).rejects.toBeDefined();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    const queued = submit('b', { signal: controller.signal });
    controller.abort(deadline);
    await expect(queued).rejects.toBe(deadline);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });
});

describe('the queue', () => {
  it('is full at queueItems', async () => {
    const { runs, submit, scheduler } = controlled({ queueItems: 2 });
    const results = [submit('a'), submit('b')];
    await expect(submit('c')).rejects.toMatchObject({
      code: 'resource-exhausted',
      reason: 'QUEUE_FULL',
      retryAfterMs: 500,
    });
    expect(scheduler.queued).toBe(2);
    await turn();
    expect(scheduler.queued).toBe(0);
    await finishAll(runs);
    await Promise.all(results);
  });

  it('is full at queueBytes, and takes one larger item while it is empty', async () => {
    const { runs, submit } = controlled({ queueBytes: 10 });
    const results = [submit('a', { bytes: 11 })];
    await expect(submit('b', { bytes: 0 })).rejects.toMatchObject({ reason: 'QUEUE_FULL' });
    await turn();
    results.push(submit('c', { bytes: 6 }), submit('d', { bytes: 4 }));
    await expect(submit('e', { bytes: 1 })).rejects.toMatchObject({ reason: 'QUEUE_FULL' });
    await finishAll(runs);
    await Promise.all(results);
  });
});
