import { failure, type Result } from '@affinis/core';
import { where } from './errors.ts';

/** Collects items of many callers into transactions that follow one another. */
export interface CommitQueue<Item, Answer> {
  /** Resolves when all items are done, each with its result, in their order. */
  add(items: readonly Item[]): Promise<readonly Result<Answer>[]>;
  /** Resolves when nothing is queued or under way. */
  idle(): Promise<void>;
}

export interface CommitQueueOptions<Item, Answer> {
  /** One result an item. A rejection fails all of them: nothing of the transaction was kept. */
  transact(items: readonly Item[]): Promise<readonly Result<Answer>[]>;
  /** Bytes that the item writes, about. */
  bytesOf(item: Item): number;
  /** A transaction ends with the item that reaches either. They bound how long the event loop is held. */
  readonly maxItems: number;
  readonly maxBytes: number;
}

export function createCommitQueue<Item, Answer>(options: CommitQueueOptions<Item, Answer>): CommitQueue<Item, Answer> {
  const waiting: Entry<Item, Answer>[] = [];
  let first = 0;
  let running: Promise<void> | undefined;

  const takeGroup = (): Entry<Item, Answer>[] => {
    const group: Entry<Item, Answer>[] = [];
    let bytes = 0;
    while (first < waiting.length && group.length < options.maxItems && bytes < options.maxBytes) {
      const entry = waiting[first++] as Entry<Item, Answer>;
      group.push(entry);
      bytes += options.bytesOf(entry.item);
    }
    if (first === waiting.length || first > 10_000) {
      waiting.splice(0, first);
      first = 0;
    }
    return group;
  };
  const run = async () => {
    // Calls of this turn of the event loop join one transaction.
    await new Promise(setImmediate);
    while (first < waiting.length) {
      const group = takeGroup();
      const results = await transactOrFail(group.map(({ item }) => item));
      for (const [index, { settle }] of group.entries()) settle(results[index] ?? failure(undefined, where));
    }
    running = undefined;
  };
  const transactOrFail = async (items: readonly Item[]): Promise<readonly Result<Answer>[]> => {
    try {
      return await options.transact(items);
    } catch (thrown) {
      const failed = failure(thrown, where);
      return items.map(() => failed);
    }
  };

  return {
    add(items) {
      const results = items.map((item) => new Promise<Result<Answer>>((settle) => waiting.push({ item, settle })));
      if (items.length > 0) running ??= run();
      return Promise.all(results);
    },
    async idle() {
      while (running !== undefined) await running;
    },
  };
}

interface Entry<Item, Answer> {
  readonly item: Item;
  readonly settle: (result: Result<Answer>) => void;
}
