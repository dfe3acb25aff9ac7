import { createByteBudget, v1 } from '@affinis/contracts';
import { itemStream } from './item-stream.ts';

const budgetBytes = 4 * 1024 * 1024;
const limits = { maxBatchItems: 8, maxStreamItems: 2, maxMediumBytes: budgetBytes, maxMessageBytes: budgetBytes };
const bytes = new Uint8Array(1024 * 1024);

type Message = v1.EmbedStreamRequest;
const start: Message = { message: { $case: 'start', value: { embedder: '' } } };
const chunked = (id: string, length = bytes.length): Message[] => [
  {
    message: {
      $case: 'item',
      value: {
        id,
        sample: { content: { $case: 'media', value: v1.Media.create({ chunkedBytes: BigInt(bytes.length) }) } },
      },
    },
  },
  { message: { $case: 'chunk', value: { itemId: id, medium: 0, offset: 0n, data: bytes.subarray(0, length) } } },
];

/** The stream's answers, and what is left of the budget. */
function open(messages: readonly Message[], answer: (id: string) => Promise<string>) {
  const budget = createByteBudget(budgetBytes);
  async function* sent() {
    yield* messages;
  }
  const answers = itemStream<v1.EmbedStart, v1.EmbedItem, string>(sent(), {
    limits,
    budget,
    open: () => (item) => answer(item.ok ? item.item.id : `${item.id} failed`),
  });
  const whole = () => {
    const free = budget.reserve(budgetBytes);
    if (free) budget.release(budgetBytes);
    return free;
  };
  return { answers, whole };
}

const soon = async (condition: () => boolean) => {
  for (let turn = 0; turn < 100 && !condition(); turn++) await new Promise(setImmediate);
  return condition();
};

describe('a stream gives the bytes of its chunks back', () => {
  it('when its items are answered', async () => {
    const { answers, whole } = open([start, ...chunked('a'), ...chunked('b'), ...chunked('c')], async (id) => id);
    expect(whole()).toBe(true);
    expect((await all(answers)).sort()).toEqual(['a', 'b', 'c']);
    expect(whole()).toBe(true);
  });

  it('when it ends in the middle of an item', async () => {
    const { answers, whole } = open([start, ...chunked('a', 1000)], async (id) => id);
    expect(await all(answers)).toEqual(['a failed']);
    expect(whole()).toBe(true);
  });

  it('when it is left while items are in work', async () => {
    const messages = [start, ...['a', 'b', 'c', 'd'].flatMap((id) => chunked(id))];
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { answers, whole } = open(messages, async (id) => {
      if (id !== 'a') await ended;
      return id;
    });
    expect(await answers.next()).toEqual({ done: false, value: 'a' });
    // The client does not read on: meanwhile another item has come in.
    await new Promise(setImmediate);
    expect(whole()).toBe(false);
    await answers.return(undefined);
    end();
    expect(await soon(whole)).toBe(true);
  });
});

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const value of values) collected.push(value);
  return collected;
}
