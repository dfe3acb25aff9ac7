import fc from 'fast-check';
import { createByteBudget } from './byte-budget.ts';
import { type Assembled, type ChunkLimits, createChunkAssembler } from './chunk-assembler.ts';
import { type ItemOrChunk, splitItem } from './chunks.ts';
import { EmbedItem } from './generated/affinis/v1/embedder.ts';
import { VerifyItem } from './generated/affinis/v1/similarity.ts';
import { payloadsOf, type StreamItem } from './payloads.ts';
import { sampleToProto } from './sample-codec.ts';

type Message = ItemOrChunk<EmbedItem>;

const limits: ChunkLimits = { maxMediumBytes: 1000, maxItemBytes: 1500 };

const announce = (id: string, chunkedBytes: bigint, data: number[] = []): Message => ({
  $case: 'item',
  value: EmbedItem.create({
    id,
    sample: { content: { $case: 'media', value: { data: Uint8Array.from(data), chunkedBytes } } },
  }),
});

const chunk = (itemId: string, offset: number, data: number[], medium = 0): Message => ({
  $case: 'chunk',
  value: { itemId, medium, offset: BigInt(offset), data: Uint8Array.from(data) },
});

const outcome = <Item extends StreamItem>(result: Assembled<Item>) =>
  result.ok
    ? `${result.item.id}: ${payloadsOf(result.item).map(({ bytes }) => [...bytes].join(','))}`
    : `${result.id}: ${result.error.reason}`;

/** What each message leads to, then what the end of the stream does. */
function feed(messages: readonly Message[], options: ChunkLimits = limits): string[][] {
  const assembler = createChunkAssembler<EmbedItem>(options);
  return [...messages.map((message) => assembler.push(message).map(outcome)), assembler.end().map(outcome)];
}

test('an item without chunks passes at once', () => {
  expect(feed([announce('a', 0n, [1, 2])])).toEqual([['a: 1,2'], []]);
});

test('an item is complete with its last byte', () => {
  expect(feed([announce('a', 3n), chunk('a', 0, [1, 2]), chunk('a', 2, [3]), announce('b', 0n, [9])])).toEqual([
    [],
    [],
    ['a: 1,2,3'],
    ['b: 9'],
    [],
  ]);
});

test('a wrong offset fails the item once; its later chunks are ignored and the stream lives on', () => {
  const messages = [
    announce('a', 3n),
    chunk('a', 1, [2, 3]),
    chunk('a', 0, [1]),
    chunk('a', 1, [2]),
    announce('b', 1n),
    chunk('b', 0, [7]),
  ];
  expect(feed(messages)).toEqual([[], ['a: BAD_CHUNKS'], [], [], [], ['b: 7'], []]);
});

test.each<[string, Message]>([
  ['too long', chunk('a', 0, [1, 2, 3, 4])],
  ['empty', chunk('a', 0, [])],
  ['of another medium', chunk('a', 0, [1], 1)],
  [
    'at an offset beyond every number',
    { $case: 'chunk', value: { itemId: 'a', medium: 0, offset: 2n ** 64n - 1n, data: Uint8Array.of(1) } },
  ],
])('a chunk that is %s fails its item', (_, message) => {
  expect(feed([announce('a', 3n), message])).toEqual([[], ['a: BAD_CHUNKS'], []]);
});

test('a chunk of no item is answered once', () => {
  expect(feed([chunk('x', 0, [1]), chunk('x', 1, [2]), announce('a', 0n, [5])])).toEqual([
    ['x: STRAY_CHUNK'],
    [],
    ['a: 5'],
    [],
  ]);
});

test('bytes beyond the announced ones are answered, though their item has left', () => {
  expect(feed([announce('a', 1n), chunk('a', 0, [1]), chunk('a', 1, [2])])).toEqual([
    [],
    ['a: 1'],
    ['a: STRAY_CHUNK'],
    [],
  ]);
});

test('interleaved chunks fail the item that they interrupt', () => {
  const messages = [
    announce('a', 4n),
    chunk('a', 0, [1]),
    chunk('b', 0, [1]),
    chunk('a', 1, [2]),
    chunk('b', 1, [1]),
    announce('b', 0n, [3]),
  ];
  expect(feed(messages)).toEqual([[], [], ['a: BAD_CHUNKS', 'b: STRAY_CHUNK'], [], [], ['b: 3'], []]);
});

test('an item that the next one or the end of the stream cuts off fails', () => {
  expect(feed([announce('a', 4n), chunk('a', 0, [1]), announce('b', 4n)])).toEqual([
    [],
    [],
    ['a: BAD_CHUNKS'],
    ['b: BAD_CHUNKS'],
  ]);
});

test('an item with bytes of its own and chunks fails', () => {
  expect(feed([announce('a', 4n, [1]), chunk('a', 0, [1, 2, 3, 4])])).toEqual([['a: BAD_CHUNKS'], [], []]);
});

test('what is too large fails when announced, whatever it announces', () => {
  expect(feed([announce('a', 1001n), chunk('a', 0, [1]), announce('b', 2n ** 64n - 1n)])).toEqual([
    ['a: MEDIUM_TOO_LARGE'],
    [],
    ['b: MEDIUM_TOO_LARGE'],
    [],
  ]);
  const two = VerifyItem.create({
    id: 'v',
    left: { samples: [{ content: { $case: 'media', value: { chunkedBytes: 900n } } }] },
    right: { samples: [{ content: { $case: 'pcm', value: { chunkedBytes: 900n } } }] },
  });
  const [failed] = createChunkAssembler<VerifyItem>(limits).push({ $case: 'item', value: two });
  expect(failed).toMatchObject({
    ok: false,
    error: { code: 'resource-exhausted', field: 'right.samples[0].pcm.chunked_bytes' },
  });
});

test('announcing takes no memory; receiving takes from the shared budget, and failing gives back', () => {
  const budget = createByteBudget(1000);
  const first = createChunkAssembler<EmbedItem>({ ...limits, budget });
  const second = createChunkAssembler<EmbedItem>({ ...limits, budget });
  first.push(announce('a', 1000n));
  second.push(announce('b', 1000n));
  expect(budget.reserve(1000)).toBe(true);
  budget.release(1000);

  expect(first.push(chunk('a', 0, [1]))).toEqual([]);
  expect(second.push(chunk('b', 0, [1]))).toMatchObject([
    { ok: false, error: { code: 'resource-exhausted', reason: 'BUFFERS_FULL', retryAfterMs: 1000 } },
  ]);
  first.end();
  second.push(announce('c', 3n));
  expect(second.push(chunk('c', 0, [1, 2, 3]))).toMatchObject([{ ok: true, bufferedBytes: 3 }]);
  budget.release(3);
  expect(budget.reserve(1000)).toBe(true);
});

test('whatever is split arrives whole', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
  const side = fc.array(bytes, { minLength: 1, maxLength: 3 });
  const sizes = { maxInlineBytes: fc.integer({ min: 0, max: 400 }), chunkBytes: fc.integer({ min: 1, max: 100 }) };
  fc.assert(
    fc.property(side, side, fc.record(sizes), (left, right, options) => {
      const samples = (side: readonly Uint8Array[]) => ({
        samples: side.map((value) => sampleToProto({ kind: 'media', bytes: value })),
      });
      const item = VerifyItem.create({ id: 'v', left: samples(left), right: samples(right) });
      const assembler = createChunkAssembler<VerifyItem>({ maxMediumBytes: 1e6, maxItemBytes: 1e6 });
      const results = [...splitItem(item, options)].flatMap((message) => assembler.push(message));
      expect(results).toHaveLength(1);
      const [result] = results;
      const received = result?.ok ? payloadsOf(result.item) : [];
      expect(received.map((payload) => Buffer.from(payload.bytes).toString('hex'))).toEqual(
        [...left, ...right].map((value) => Buffer.from(value).toString('hex')),
      );
      expect(received.every(({ announcedBytes }) => announcedBytes === 0n)).toBe(true);
      expect(assembler.end()).toEqual([]);
    }),
  );
});

test('no sequence of messages throws, and every item is answered exactly once', () => {
  const id = fc.constantFrom('a', 'b', 'c');
  const items = fc
    .tuple(id, fc.integer({ min: 0, max: 5 }))
    .map(([name, size]) => announce(name, BigInt(size), size === 0 ? [1] : []));
  const chunks = fc
    .tuple(id, fc.integer({ min: 0, max: 5 }), fc.array(fc.nat(255), { maxLength: 4 }), fc.integer({ min: 0, max: 1 }))
    .map(([name, offset, data, medium]) => chunk(name, offset, data, medium));
  fc.assert(
    fc.property(fc.array(fc.oneof(items, chunks), { maxLength: 30 }), (messages) => {
      const answers = feed(messages).flat();
      const answered = answers.filter((answer) => !answer.endsWith('STRAY_CHUNK')).length;
      expect(answered).toBe(messages.filter(({ $case }) => $case === 'item').length);
    }),
    { numRuns: 500 },
  );
});
