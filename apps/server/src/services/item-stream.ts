import {
  type Assembled,
  type ByteBudget,
  createChunkAssembler,
  type ItemOrChunk,
  type StreamItem,
} from '@affinis/contracts';
import { AffinisError } from '@affinis/core';
import { mapConcurrent } from '../grpc/map-concurrent.ts';
import type { ServiceLimits } from './limits.ts';

type StreamMessage<Start, Item> = {
  readonly message?: { readonly $case: 'start'; readonly value: Start } | ItemOrChunk<Item> | undefined;
};

export interface ItemStreamOptions<Start, Item, Answer> {
  readonly limits: ServiceLimits;
  /** Bytes of chunks that all streams together may hold. */
  readonly budget: ByteBudget;
  /** Reads the start message; throws where it cannot be served. Returns what answers one item and never throws. */
  open(start: Start): (item: Assembled<Item>) => Promise<Answer>;
  /** Share of a place among `maxStreamItems` that an item takes, at most 1; default 1. */
  weigh?(item: Item): number;
}

/**
 * A stream of items, large ones in chunks: first a start, then items in work side by side, answered as they finish. A
 * bad item or chunk fails alone; only a stream that does not begin with one start fails as a whole.
 */
export async function* itemStream<Start, Item extends StreamItem, Answer>(
  messages: AsyncIterable<StreamMessage<Start, Item>>,
  options: ItemStreamOptions<Start, Item, Answer>,
): AsyncGenerator<Answer> {
  const { limits, budget } = options;
  const iterator = messages[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done) return;
  if (first.value.message?.$case !== 'start') throw outOfOrder('a stream begins with a start message');
  const answer = options.open(first.value.message.value);
  const assembled = assemble({ [Symbol.asyncIterator]: () => iterator }, limits, budget);
  const release = (item: Assembled<Item>) => {
    if (item.ok) budget.release(item.bufferedBytes);
  };
  const work = async (item: Assembled<Item>) => {
    try {
      return await answer(item);
    } finally {
      release(item);
    }
  };
  const weigh = (item: Assembled<Item>) => (item.ok ? (options.weigh?.(item.item) ?? 1) : 1);
  yield* mapConcurrent(assembled, limits.maxStreamItems, work, { discard: release, weigh });
}

async function* assemble<Start, Item extends StreamItem>(
  messages: AsyncIterable<StreamMessage<Start, Item>>,
  limits: ServiceLimits,
  budget: ByteBudget,
): AsyncGenerator<Assembled<Item>> {
  const { maxMediumBytes } = limits;
  const assembler = createChunkAssembler<Item>({ maxMediumBytes, maxItemBytes: 2 * maxMediumBytes, budget });
  try {
    for await (const { message } of messages) {
      if (!message) throw outOfOrder('a message holds neither an item nor a chunk');
      if (message.$case === 'start') throw outOfOrder('a start comes once, first');
      yield* assembler.push(message);
    }
    yield* assembler.end();
  } finally {
    assembler.end();
  }
}

const outOfOrder = (problem: string) =>
  new AffinisError('invalid-argument', `[server] ${problem}; see the service's .proto`, {
    field: 'message',
    reason: 'BAD_STREAM',
  });
