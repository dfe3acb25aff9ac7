import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { AffinisError, type Sample } from '@affinis/core';
import { type AffinisClient, createAffinisClient } from './client.ts';
import { blockOf } from './metrics.ts';
import { digestOf, model, startTinyServer, type TinyServer } from './testing/tiny-server.ts';

let server: TinyServer;
let client: AffinisClient;

beforeEach(async () => {
  server = await startTinyServer();
  client = createAffinisClient({ address: server.address, retry: { initialBackoffMs: 10 } });
});

afterEach(() => {
  client.close();
  server.stop();
});

const text = (value: string): Sample => ({ kind: 'text', text: value });
const photo = (bytes: number): Sample & { readonly bytes: Uint8Array } => ({
  kind: 'media',
  bytes: randomBytes(bytes),
});
const methods = () => server.calls.map(({ method }) => method);
const embedding = (first: number, space = 's') => ({ mean: Float32Array.of(first, 1), unitNorm: false, space });

async function errorOf(promise: Promise<unknown>): Promise<AffinisError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(AffinisError);
  return thrown as AffinisError;
}

describe('batches', () => {
  test('a small batch is one call, its results in order, a bad item alone in failing', async () => {
    const results = await client.embed([text('a'), text(''), text('\ud800'), text('b')]);
    expect(methods()).toEqual(['Embed']);
    expect(results).toMatchObject([
      { ok: true, value: { model, embedding: { space: 'digest', mean: digestOf(Buffer.from('a')) } } },
      { ok: false, error: { code: 'invalid-argument', field: 'items[1].text', reason: 'EMPTY' } },
      { ok: false, error: { code: 'invalid-argument', reason: 'MALFORMED_TEXT' } },
      { ok: true, value: { embedding: { mean: digestOf(Buffer.from('b')) } } },
    ]);
  });

  test('photos larger than a message arrive whole, in chunks', async () => {
    const photos = [photo(8_000_000), photo(10), photo(5_000_001)];
    const results = await client.embed(photos);
    expect(methods()).toEqual(['EmbedStream']);
    expect(results).toMatchObject(
      photos.map(({ bytes }) => ({ ok: true, value: { embedding: { mean: digestOf(bytes) } } })),
    );
  });

  test('a batch too large for one message, or of too many items, goes by the stream', async () => {
    const photos = Array.from({ length: 40 }, () => photo(100_000));
    expect(await client.embed(photos)).toMatchObject(
      photos.map(({ bytes }) => ({ value: { embedding: { mean: digestOf(bytes) } } })),
    );
    const texts = Array.from({ length: 257 }, (_, index) => text(`number ${index}`));
    expect((await client.embed(texts)).every(({ ok }) => ok)).toBe(true);
    expect(methods()).toEqual(['EmbedStream', 'EmbedStream']);
  });

  test('two 8 MB photos are verified and compared like two small ones', async () => {
    const [one, other] = [photo(8_000_000), photo(8_000_000)];
    const items = [
      { left: [one], right: [one] },
      { left: [one], right: [other] },
    ];
    const [same, different] = await client.verify(items);
    expect(same).toMatchObject({ ok: true, value: { score: 1, decision: 'match', pipeline: { pipeline: 'digest' } } });
    expect(different).toMatchObject({ ok: true, value: { score: 0, decision: 'no_match' } });
    expect(await client.compare(items.slice(1))).toMatchObject([
      { ok: true, value: [{ pipeline: 'digest', result: { value: { score: 0 } } }] },
    ]);
    expect(methods()).toEqual(['VerifyStream', 'CompareStream']);
  });

  test('nothing to ask asks nothing', async () => {
    expect(await client.embed([])).toEqual([]);
    expect(methods()).toEqual([]);
  });
});

describe('streams', () => {
  test('results carry the ids that the caller chose', async () => {
    const items = [
      { id: 'x', sample: text('a') },
      { id: 'y', sample: text('\ud800') },
      { id: 'z', sample: photo(4_000_000) },
    ];
    const ids: string[] = [];
    for await (const { id, result } of client.embedStream(items)) ids.push(`${id} ${result.ok}`);
    expect(ids.sort()).toEqual(['x true', 'y false', 'z true']);
  });

  test("what the caller's source throws comes out as it is, and ends the call", async () => {
    const broken = new Error('disk');
    async function* source() {
      yield { id: 'x', sample: text('a') };
      await until(() => methods().includes('EmbedStream'));
      throw broken;
    }
    await expect(drain(client.embedStream(source()))).rejects.toBe(broken);
    await until(() => server.ended.includes('EmbedStream'));
  });

  test('leaving the loop early ends the call and the source, which may be endless', async () => {
    let open = false;
    async function* endless() {
      open = true;
      try {
        for (let id = 0; ; id++) yield { id: String(id), sample: text('a') };
      } finally {
        open = false;
      }
    }
    for await (const { result } of client.embedStream(endless())) {
      expect(result.ok).toBe(true);
      break;
    }
    await until(() => server.ended.includes('EmbedStream') && !open);
  });

  test('a server that answers nothing is given up after the deadline', async () => {
    server.hang = true;
    const error = await errorOf(client.verify([{ left: [photo(4_000_000)], right: [text('a')] }], { deadlineMs: 200 }));
    expect(error).toMatchObject({
      code: 'deadline-exceeded',
      message: expect.stringContaining('no progress for 200 ms'),
    });
  });

  test('a slow source and a slow reader are no standstill', async () => {
    async function* slow() {
      for (const id of ['a', 'b']) {
        await pause(150);
        yield { id, sample: text(id) };
      }
    }
    const ids: string[] = [];
    for await (const { id } of client.embedStream(slow(), { deadlineMs: 100 })) {
      await pause(150);
      ids.push(id);
    }
    expect(ids).toEqual(['a', 'b']);
  });
});

describe('failures', () => {
  test('a call that fails as a whole throws what the server said', async () => {
    server.failures.push(
      new AffinisError('not-found', '[server] no pipeline "x"', { field: 'pipeline', reason: 'NO_PIPELINE' }),
    );
    const error = await errorOf(client.verify([{ left: [text('a')], right: [text('a')] }], { pipeline: 'x' }));
    expect(error).toMatchObject({
      code: 'not-found',
      message: '[server] no pipeline "x"',
      field: 'pipeline',
      reason: 'NO_PIPELINE',
    });
  });

  test('what is unavailable for a moment is called again', async () => {
    server.failures.push(
      new AffinisError('unavailable', 'restarting'),
      new AffinisError('unavailable', 'restarting', { retryAfterMs: 20 }),
    );
    expect(await client.embed([text('a')])).toMatchObject([{ ok: true }]);
    expect(methods()).toEqual(['Embed', 'Embed', 'Embed']);
  });

  test('a full queue is tried again when the server says so, and only then', async () => {
    server.failures.push(new AffinisError('resource-exhausted', 'queue full', { retryAfterMs: 20 }));
    expect(await client.embed([text('a')])).toMatchObject([{ ok: true }]);
    expect(methods()).toEqual(['Embed', 'Embed']);

    server.failures.push(new AffinisError('resource-exhausted', 'too large'));
    expect((await errorOf(client.embed([text('a')]))).message).toBe('too large');
    expect(methods()).toHaveLength(3);
  });

  test('retries end with their number, and with the deadline', async () => {
    const full = new AffinisError('resource-exhausted', 'queue full', { retryAfterMs: 5 });
    server.failures.push(full, full, full, full, full);
    expect((await errorOf(client.embed([text('a')]))).code).toBe('resource-exhausted');
    expect(methods()).toHaveLength(4);

    server.failures.splice(
      0,
      server.failures.length,
      new AffinisError('resource-exhausted', 'queue full', { retryAfterMs: 5000 }),
    );
    const started = performance.now();
    expect((await errorOf(client.embed([text('a')], { deadlineMs: 500 }))).code).toBe('resource-exhausted');
    expect(performance.now() - started).toBeLessThan(500);
  });

  test('without retries there are none', async () => {
    const once = createAffinisClient({ address: server.address, retry: false });
    try {
      server.failures.push(new AffinisError('unavailable', 'restarting'));
      expect((await errorOf(once.embed([text('a')]))).code).toBe('unavailable');
      expect(methods()).toEqual(['Embed']);
    } finally {
      once.close();
    }
  });

  test('a server that is not there is named', async () => {
    const { address } = server;
    server.stop();
    for (const sample of [text('a'), photo(4_000_000)]) {
      const error = await errorOf(client.embed([sample]));
      expect(error).toMatchObject({
        code: 'unavailable',
        reason: 'UNREACHABLE',
        message: expect.stringContaining(address),
      });
    }
  });

  test('an aborted call is cancelled, before it starts and while it streams', async () => {
    const aborted = AbortSignal.abort();
    expect((await errorOf(client.embed([text('a')], { signal: aborted }))).code).toBe('cancelled');
    server.hang = true;
    const controller = new AbortController();
    const pending = errorOf(client.embed([photo(4_000_000)], { signal: controller.signal }));
    await until(() => methods().includes('EmbedStream'));
    controller.abort();
    expect((await pending).code).toBe('cancelled');
  });
});

describe('credentials', () => {
  test('a token travels with every call', async () => {
    const trusted = createAffinisClient({ address: server.address, token: 'secret' });
    try {
      await trusted.embed([text('a')]);
      await trusted.embed([photo(4_000_000)]);
    } finally {
      trusted.close();
    }
    expect(server.calls.map(({ metadata }) => metadata.get('authorization'))).toEqual([
      ['Bearer secret'],
      ['Bearer secret'],
    ]);
  });

  test.each(['example.org:443', '127.0.0.1.example.org:443', '10.0.0.1:50051'])(
    'a token never travels to %s in the clear',
    (address) => {
      expect(() => createAffinisClient({ address, token: 'secret' })).toThrow(
        expect.objectContaining({ reason: 'TOKEN_WITHOUT_TLS' }),
      );
      createAffinisClient({ address, token: 'secret', tls: true }).close();
    },
  );
});

describe('scores', () => {
  test('pairs are scored in order over as many calls as they need', async () => {
    const pairs = Array.from({ length: 300 }, (_, index) => ({ left: embedding(index + 1), right: embedding(1) }));
    const { results, metric, timings } = await client.score(
      [...pairs, { left: embedding(Number.NaN), right: embedding(1) }],
      { metric: 'm' },
    );
    expect(results.map((result) => (result.ok ? result.value : result.error.field))).toEqual([
      ...pairs.keys(),
      'pairs[44].left.mean',
    ]);
    expect(metric).toEqual({ name: 'first-difference', polarity: 'distance' });
    expect(timings.scoreMs).toBe(2);
    expect(methods()).toEqual(['Score', 'Score']);
  });

  test('the tiles of a matrix cover it once, whatever fits into one call', async () => {
    const small = createAffinisClient({ address: server.address, maxMessageBytes: 200 });
    const [queries, references] = [9, 14].map((count) =>
      blockOf(Array.from({ length: count }, (_, index) => embedding(index + 1))),
    );
    if (!queries || !references) throw new Error('unreachable');
    const matrix = new Float32Array(9 * 14).fill(Number.NaN);
    try {
      for await (const { firstQuery, queryCount, firstReference, referenceCount, scores } of small.scoreMatrix(
        queries,
        references,
        { metric: 'm' },
      ))
        for (let row = 0; row < queryCount; row++)
          for (let column = 0; column < referenceCount; column++) {
            const at = (firstQuery + row) * 14 + firstReference + column;
            expect(matrix[at]).toBeNaN();
            matrix[at] = scores[row * referenceCount + column] ?? Number.NaN;
          }
    } finally {
      small.close();
    }
    expect([...matrix]).toEqual(Array.from({ length: 9 * 14 }, (_, index) => Math.floor(index / 14) - (index % 14)));
    expect(methods().length).toBeGreaterThan(1);
  });

  test('embeddings of two spaces make no block', () => {
    expect(() => blockOf([embedding(1), embedding(1, 'other')])).toThrow(
      expect.objectContaining({ reason: 'TWO_SPACES' }),
    );
  });
});

test('health is asked for and watched', async () => {
  expect(await client.health()).toBe('serving');
  expect(await client.health('nobody')).toBe('unknown');
  for await (const state of client.watch()) {
    expect(state).toBe('serving');
    break;
  }
});

async function drain<T>(items: AsyncIterable<T>): Promise<T[]> {
  const drained: T[] = [];
  for await (const item of items) drained.push(item);
  return drained;
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('the condition never held');
    await pause(5);
  }
}
