import { AffinisError } from './errors.ts';
import { failure, type Result } from './result.ts';

/** Collects items into batches by cost and runs them where there is room; bounded, and deaf to nobody's deadline. */
export interface Scheduler<I, O> {
  /**
   * One item's result, with how long it waited. Rejects with `resource-exhausted` where the queue is full and with the
   * signal's reason where it aborts while queued; an item already running is finished and its result dropped.
   */
  submit(lane: string, item: I, options: SubmitOptions): Promise<Scheduled<O>>;
  readonly queued: number;
}

export interface SubmitOptions {
  /** Expected work in model rows. */
  readonly cost: number;
  /** Size in memory, for the bound on queued bytes. */
  readonly bytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Scheduled<O> {
  readonly result: Result<O>;
  readonly queueMs: number;
}

export interface SchedulerOptions<I, O> {
  /** Batches that may run at once. */
  readonly slots: number;
  readonly maxItems: number;
  readonly maxCost: number;
  readonly queueItems: number;
  readonly queueBytes: number;
  /** Runs one batch of one lane; one result an item, in order. */
  run(lane: string, items: readonly I[]): Promise<readonly Result<O>[]>;
}

interface Entry<I, O> {
  readonly item: I;
  readonly cost: number;
  readonly bytes: number;
  readonly enqueuedAt: number;
  resolve(scheduled: Scheduled<O>): void;
  reject(error: AffinisError): void;
  detach(): void;
}

export function createScheduler<I, O>(options: SchedulerOptions<I, O>): Scheduler<I, O> {
  const lanes = new Map<string, Set<Entry<I, O>>>();
  let running = 0;
  let items = 0;
  let bytes = 0;

  const remove = (lane: Set<Entry<I, O>>, entry: Entry<I, O>) => {
    if (!lane.delete(entry)) return;
    items--;
    bytes -= entry.bytes;
    entry.detach();
  };

  /** The oldest entries of a lane that fit one batch; the first always does. */
  const takeBatch = (lane: Set<Entry<I, O>>): Entry<I, O>[] => {
    const batch: Entry<I, O>[] = [];
    let cost = 0;
    for (const entry of lane) {
      if (batch.length === options.maxItems || (batch.length > 0 && cost + entry.cost > options.maxCost)) break;
      cost += entry.cost;
      batch.push(entry);
    }
    for (const entry of batch) remove(lane, entry);
    return batch;
  };

  const runBatch = async (lane: string, batch: readonly Entry<I, O>[]) => {
    running++;
    const startedAt = performance.now();
    try {
      const results = await options.run(lane, batch.map((entry) => entry.item));
      for (const [index, entry] of batch.entries())
        entry.resolve({
          result: results[index] ?? failure(new AffinisError('internal', `[core] "${lane}" returned ${results.length} results for ${batch.length} samples`)),
          queueMs: startedAt - entry.enqueuedAt,
        });
    } catch (thrown) {
      const error = AffinisError.from(thrown);
      for (const entry of batch) entry.reject(error);
    } finally {
      running--;
      pump();
    }
  };

  const pump = () => {
    while (running < options.slots && items > 0) {
      const lane = oldestLane(lanes);
      if (!lane) return;
      void runBatch(lane[0], takeBatch(lane[1]));
    }
  };

  return {
    get queued() {
      return items;
    },
    submit: (laneName, item, { cost, bytes: size, signal }) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(abortError(signal));
        if (items >= options.queueItems || bytes + size > options.queueBytes) return reject(queueFull());
        const lane = lanes.get(laneName) ?? new Set();
        lanes.set(laneName, lane);
        const onAbort = () => {
          remove(lane, entry);
          if (signal) reject(abortError(signal));
        };
        const entry: Entry<I, O> = {
          item,
          cost,
          bytes: size,
          enqueuedAt: performance.now(),
          resolve,
          reject,
          detach: () => signal?.removeEventListener('abort', onAbort),
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        lane.add(entry);
        items++;
        bytes += size;
        pump();
      }),
  };
}

function oldestLane<I, O>(lanes: ReadonlyMap<string, Set<Entry<I, O>>>): [string, Set<Entry<I, O>>] | undefined {
  let oldest: [string, Set<Entry<I, O>>] | undefined;
  let oldestAt = Number.POSITIVE_INFINITY;
  for (const [name, lane] of lanes) {
    const [head] = lane;
    if (head && head.enqueuedAt < oldestAt) {
      oldestAt = head.enqueuedAt;
      oldest = [name, lane];
    }
  }
  return oldest;
}

const abortError = (signal: AbortSignal) =>
  signal.reason instanceof AffinisError ? signal.reason : new AffinisError('cancelled', '[core] the call was cancelled while its sample was queued');

const queueFull = () =>
  new AffinisError('resource-exhausted', '[core] the queue is full; retry later, or send fewer samples at once', { reason: 'QUEUE_FULL', retryAfterMs: 500 });
