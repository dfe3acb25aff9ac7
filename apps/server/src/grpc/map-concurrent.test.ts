import { mapConcurrent } from './map-concurrent.ts';

async function* from(items: readonly number[]) {
  yield* items;
}

const all = async <T>(results: AsyncIterable<T>) => {
  const found: T[] = [];
  for await (const result of results) found.push(result);
  return found;
};

const turn = () => new Promise(setImmediate);

/** Work that ends when it is told to. */
function heldWork() {
  const held = new Map<number, () => void>();
  return {
    held,
    work: (item: number) => new Promise<number>((resolve) => held.set(item, () => resolve(item))),
  };
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('items in work', () => {
  it.each([
    ['of full weight are as many as the limit', undefined, 4],
    ['of an eighth each are eight times as many, less what the next may take', () => 1 / 8, 25],
  ])('%s', async (_, weigh, most) => {
    const { held, work } = heldWork();
    const results = all(mapConcurrent(from(numbers(100)), 4, work, weigh ? { weigh } : {}));
    for (let turns = 0; turns < 50; turns++) await turn();
    expect(held.size).toBe(most);
    let done = false;
    void results.then(() => {
      done = true;
    });
    while (!done) {
      for (const end of held.values()) end();
      await turn();
    }
    expect((await results).sort((a, b) => a - b)).toEqual(numbers(100));
  });

  it('are answered as they finish', async () => {
    const { held, work } = heldWork();
    const results = mapConcurrent(from([1, 2, 3]), 3, work);
    const first = results.next();
    while (held.size < 3) await turn();
    held.get(2)?.();
    expect(await first).toEqual({ done: false, value: 2 });
    for (const end of held.values()) end();
    expect((await all(results)).sort()).toEqual([1, 3]);
  });
});

describe('an end', () => {
  it('of the source is that of the results', async () => {
    expect(await all(mapConcurrent(from([]), 2, async (item) => item))).toEqual([]);
  });

  it('by an error of the source or of the work is passed on', async () => {
    const broken = async function* () {
      yield 1;
      throw new Error('no more');
    };
    await expect(all(mapConcurrent(broken(), 2, async (item) => item))).rejects.toThrow('no more');
    const work = () => Promise.reject(new Error('cannot'));
    await expect(all(mapConcurrent(from([1, 2]), 2, work))).rejects.toThrow('cannot');
  });

  it('by who reads the results closes the source, and discards what comes too late', async () => {
    let returned = false;
    let deliver: (next: IteratorResult<number>) => void = () => {};
    const late = new Promise<IteratorResult<number>>((resolve) => {
      deliver = resolve;
    });
    const reads = [Promise.resolve({ done: false, value: 1 }), late];
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => reads.shift() ?? Promise.resolve({ done: true, value: undefined }),
        return: async () => {
          returned = true;
          return { done: true, value: undefined };
        },
      }),
    } as AsyncIterable<number>;
    const discarded: number[] = [];
    const held = heldWork();
    const results = mapConcurrent(source, 2, held.work, { discard: (item) => void discarded.push(item) });
    const first = results.next();
    while (held.held.size < 1) await turn();
    for (let turns = 0; turns < 5; turns++) await turn();
    held.held.get(1)?.();
    await first;
    await results.return(undefined);
    deliver({ done: false, value: 2 });
    await turn();
    expect({ returned, discarded, worked: held.held.size }).toEqual({ returned: true, discarded: [2], worked: 1 });
  });
});
