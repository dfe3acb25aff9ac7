import { AffinisError, success } from '@affinis/core';
import { createCommitQueue } from './commit-queue.ts';

/** A queue whose transactions are noted; `fails` says which fail. */
function queueOf({ maxItems = 100, maxBytes = 1000, fails = never } = {}) {
  const transactions: (readonly number[])[] = [];
  const queue = createCommitQueue<number, number>({
    async transact(items) {
      transactions.push(items);
      if (fails(items)) throw new AffinisError('resource-exhausted', '[test] full');
      return items.map((item) => success(item * 2));
    },
    bytesOf: (item) => item,
    maxItems,
    maxBytes,
  });
  return { queue, transactions };
}

const never = (_items: readonly number[]): boolean => false;

const values = (results: readonly { readonly ok: boolean; readonly value?: number }[]) =>
  results.map((result) => (result.ok ? result.value : 'failed'));

describe('the queue of commits', () => {
  it('joins what many callers add at once, and answers each its own, in order', async () => {
    const { queue, transactions } = queueOf();
    const answers = await Promise.all([queue.add([1, 2]), queue.add([]), queue.add([3])]);
    expect(answers.map(values)).toEqual([[2, 4], [], [6]]);
    expect(transactions).toEqual([[1, 2, 3]]);
  });

  it('ends a transaction with the item that reaches a bound', async () => {
    const { queue, transactions } = queueOf({ maxItems: 3, maxBytes: 10 });
    expect(values(await queue.add([1, 1, 1, 1, 9, 2, 50, 1]))).toEqual([2, 2, 2, 2, 18, 4, 100, 2]);
    expect(transactions).toEqual([[1, 1, 1], [1, 9], [2, 50], [1]]);
  });

  it('fails the items of a transaction that fails, and no others', async () => {
    const { queue } = queueOf({ maxItems: 2, fails: (items) => items.includes(3) });
    const results = await queue.add([1, 2, 3, 4, 5]);
    expect(values(results)).toEqual([2, 4, 'failed', 'failed', 10]);
    expect(results[2]).toMatchObject({ error: { code: 'resource-exhausted' } });
    expect(values(await queue.add([6]))).toEqual([12]);
  });

  it('is idle when all is done, and takes any number', async () => {
    const { queue, transactions } = queueOf({ maxItems: 1 });
    await queue.idle();
    const added = [queue.add([1]), queue.add([2])];
    await queue.idle();
    expect(transactions).toEqual([[1], [2]]);
    expect((await Promise.all(added)).map(values)).toEqual([[2], [4]]);
    const all = Array.from({ length: 25_000 }, (_, at) => at);
    expect(values(await queueOf().queue.add(all))).toEqual(all.map((at) => at * 2));
  });
});
