import { type Abortable, createAbortHub } from './abort-hub.ts';
import { deadlineOf } from './deadline.ts';
import { AffinisError } from './errors.ts';
import { failure, type Result } from './result.ts';

/** Collects items into batches by cost and runs them where there is room; bounded, and deaf to nobody's deadline. */
export interface Scheduler<I, O> {
  /**
   * One item's result, with how long it waited. Rejects with `resource-exhausted` where the queue is full and, as soon
   * as the signal aborts, with its reason: a queued item is dropped, a running one finishes and its result is dropped.
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
  /** Bound on what waits; a single larger item is still taken while nothing else waits. */
  readonly queueBytes: number;
  /** Runs one batch of one lane; one result an item, in order. `deadline` is the latest of the items', where all have one. */
  run(lane: string, items: readonly I[], deadline?: number): Promise<readonly Result<O>[]>;
}

interface Entry<I, O> extends Abortable {
  readonly lane: string;
  readonly item: I;
  readonly cost: number;
  readonly bytes: number;
  /** Place in the order of arrival over all lanes. */
  readonly order: number;
  readonly enqueuedAt: number;
  /** Time of `performance.now()` by which the answer is wanted. */
  readonly deadline: number | undefined;
  resolve(scheduled: Scheduled<O>): void;
  reject(error: AffinisError): void;
}

type Lane<I, O> = Set<Entry<I, O>>;

export function createScheduler<I, O>(options: SchedulerOptions<I, O>): Scheduler<I, O> {
  const lanes = new Map<string, Lane<I, O>>();
  const aborts = createAbortHub();
  let running = 0;
  let arrived = 0;
  let items = 0;
  let bytes = 0;
  let pumpDue = false;

  const remove = (lane: Lane<I, O>, entry: Entry<I, O>) => {
    if (!lane.delete(entry)) return;
    if (lane.size === 0) lanes.delete(entry.lane);
    items--;
    bytes -= entry.bytes;
  };

  /** The oldest entries of a lane that fit one batch; the first always does. */
  const takeBatch = (lane: Lane<I, O>): Entry<I, O>[] => {
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
      const results = await options.run(
        lane,
        batch.map((entry) => entry.item),
        latestDeadline(batch),
      );
      const complete = results.length === batch.length;
      for (const [index, entry] of batch.entries())
        entry.resolve({
          result: (complete && results[index]) || failure(wrongCount(lane, results.length, batch.length)),
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
  /** Starts batches once the event loop has handed over all that arrived together, so that it travels together. */
  const pumpSoon = () => {
    if (pumpDue || running >= options.slots) return;
    pumpDue = true;
    setImmediate(() => {
      pumpDue = false;
      pump();
    });
  };

  return {
    get queued() {
      return items;
    },
    submit: (laneName, item, { cost, bytes: size, signal }) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(abortError(signal));
        if (items >= options.queueItems || (items > 0 && bytes + size > options.queueBytes)) return reject(queueFull());
        const lane = lanes.get(laneName) ?? new Set();
        lanes.set(laneName, lane);
        const entry: Entry<I, O> = {
          lane: laneName,
          item,
          cost,
          bytes: size,
          order: arrived++,
          enqueuedAt: performance.now(),
          deadline: deadlineOf(signal),
          resolve(scheduled) {
            aborts.detach(signal, entry);
            resolve(scheduled);
          },
          reject(error) {
            aborts.detach(signal, entry);
            reject(error);
          },
          onAbort(aborted) {
            remove(lane, entry);
            reject(abortError(aborted));
          },
        };
        aborts.attach(signal, entry);
        lane.add(entry);
        items++;
        bytes += size;
        pumpSoon();
      }),
  };
}

function latestDeadline(batch: readonly { readonly deadline: number | undefined }[]): number | undefined {
  let latest = 0;
  for (const { deadline } of batch) {
    if (deadline === undefined) return undefined;
    latest = Math.max(latest, deadline);
  }
  return latest;
}

function oldestLane<I, O>(lanes: ReadonlyMap<string, Lane<I, O>>): [string, Lane<I, O>] | undefined {
  let oldest: [string, Lane<I, O>] | undefined;
  let order = Number.POSITIVE_INFINITY;
  for (const [name, lane] of lanes) {
    const [head] = lane;
    if (head && head.order < order) {
      order = head.order;
      oldest = [name, lane];
    }
  }
  return oldest;
}

function abortError({ reason }: AbortSignal): AffinisError {
  if (reason instanceof AffinisError) return reason;
  if ((reason as { readonly name?: unknown } | undefined)?.name === 'TimeoutError')
    return new AffinisError('deadline-exceeded', '[core] the deadline passed before the sample was embedded');
  return new AffinisError('cancelled', '[core] the call was cancelled before its sample was embedded');
}

const wrongCount = (lane: string, got: number, wanted: number) =>
  new AffinisError('internal', `[core] embedder "${lane}" returned ${got} results for ${wanted} samples`);

const queueFull = () =>
  new AffinisError('resource-exhausted', '[core] the queue is full; retry later, or send fewer samples at once', {
    reason: 'QUEUE_FULL',
    retryAfterMs: 500,
  });
