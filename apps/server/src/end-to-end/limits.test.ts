import { once } from 'node:events';
import { connect } from 'node:net';
import { errorFromStatus, v1 } from '@affinis/contracts';
import { obedientConfig } from '../testing/obedient.ts';
import { outcomeOf } from '../testing/raw-client.ts';
import { errorOf } from '../testing/results.ts';
import { text } from '../testing/samples.ts';
import { type TestServer, useServer } from '../testing/use-server.ts';

/** A server without models, whose embedder sleeps where its text says so. */
const obedient = (more = '') => ({ config: obedientConfig(more) });
const embed = (server: TestServer, texts: readonly string[], options: Parameters<TestServer['raw']['unary']>[2] = {}) =>
  server.raw.unary(
    v1.EmbedderService.embed,
    {
      embedder: 'toy',
      items: texts.map((value, index) => ({
        id: String(index),
        sample: { content: { $case: 'text' as const, value } },
      })),
    },
    options,
  );
const outcomes = ({ results }: v1.EmbedResponse) =>
  results.map(({ status }) => errorFromStatus(status)?.reason ?? 'ok');

describe('a queue that is full', () => {
  const server = useServer(obedient('batching: { maxItems: 1, queueItems: 2 }'));

  it('refuses more with RESOURCE_EXHAUSTED and when to come again, and goes on', async () => {
    const response = await embed(server(), ['sleep 100', 'sleep 100', 'a', 'b', 'c', 'd']);
    const errors = response.results.map(({ status }) => errorFromStatus(status));
    expect(errors.filter((error) => !error)).not.toHaveLength(0);
    const refused = errors.filter((error) => error);
    expect(refused).not.toHaveLength(0);
    for (const error of refused)
      expect(error).toMatchObject({ code: 'resource-exhausted', reason: 'QUEUE_FULL', retryAfterMs: 500 });
    expect(outcomes(await embed(server(), ['a']))).toEqual(['ok']);
  });

  it('drops what is too late, without running it', async () => {
    const error = await errorOf(embed(server(), ['sleep 400', 'sleep 400', 'late'], { deadlineMs: 150 }));
    expect(error).toMatchObject({ code: 'deadline-exceeded' });
    const [first] = (await embed(server(), ['sleep 500'])).results;
    const [second] = (await embed(server(), ['count'])).results;
    const seen = (result: v1.EmbedResult | undefined) =>
      result?.info?.info?.$case === 'text' ? result.info.info.value.tokens : -1;
    // Had "late" been run, one more sample would have been seen between the two.
    expect(seen(second) - seen(first)).toBe(1);
  });

  it('drops the work of a client that goes', async () => {
    const error = await errorOf(
      embed(server(), ['sleep 300'], { onCall: (call) => setTimeout(() => call.cancel(), 50) }),
    );
    expect(error).toMatchObject({ code: 'cancelled' });
    expect(outcomes(await embed(server(), ['a']))).toEqual(['ok']);
  });
});

describe('limits', () => {
  const server = useServer(
    obedient(
      'server: { maxMessageBytes: 65536, maxBatchItems: 4, maxConnections: 4, streamIdleMs: 300, maxDeadlineMs: 400, defaultDeadlineMs: 200 }',
    ),
  );

  it('refuse a message or a batch that is too large', async () => {
    expect(await errorOf(embed(server(), ['x'.repeat(70_000)]))).toMatchObject({ code: 'resource-exhausted' });
    expect(await errorOf(embed(server(), ['a', 'b', 'c', 'd', 'e']))).toMatchObject({
      code: 'resource-exhausted',
      reason: 'BATCH_TOO_LARGE',
      field: 'items',
    });
    expect(outcomes(await embed(server(), ['a', 'b', 'c', 'd']))).toEqual(['ok', 'ok', 'ok', 'ok']);
  });

  it('give a call without a deadline the default one, and shorten one that is too long', async () => {
    expect(await errorOf(embed(server(), ['sleep 700']))).toMatchObject({
      code: 'deadline-exceeded',
      reason: 'DEADLINE',
    });
    expect(await errorOf(embed(server(), ['sleep 700'], { deadlineMs: 3_600_000 }))).toMatchObject({
      code: 'deadline-exceeded',
      reason: 'DEADLINE',
    });
  });

  it('end a stream that is idle, and keep one that is not', async () => {
    const { error } = await outcomeOf(server().raw.duplex(v1.EmbedderService.embedStream));
    expect(error).toMatchObject({ code: 'deadline-exceeded' });
    const busy = server().raw.duplex(v1.EmbedderService.embedStream);
    const answers = outcomeOf(busy);
    busy.write({ message: { $case: 'start', value: { embedder: 'toy' } } });
    for (let round = 0; round < 5; round++) {
      busy.write({
        message: { $case: 'item', value: { id: String(round), sample: { content: { $case: 'text', value: 'a' } } } },
      });
      await new Promise((done) => setTimeout(done, 150));
    }
    busy.end();
    expect(await answers).toMatchObject({ answers: { length: 5 }, error: undefined });
  });

  it('close connections beyond the most, and take others when these have gone', async () => {
    const [host = '', port] = server().address.split(':');
    const sockets = Array.from({ length: 8 }, () => connect({ host, port: Number(port) }));
    const closed = sockets.map(
      (socket) =>
        new Promise<boolean>((resolve) => {
          socket
            .resume()
            .on('error', () => undefined)
            .once('close', () => resolve(true));
          setTimeout(() => resolve(false), 300);
        }),
    );
    expect((await Promise.all(closed)).filter(Boolean).length).toBeGreaterThanOrEqual(4);
    await Promise.all(sockets.filter((socket) => !socket.destroyed).map((socket) => once(socket.destroy(), 'close')));
    expect(outcomes(await embed(server(), ['a']))).toEqual(['ok']);
  });

  it('survive bytes that are no HTTP/2', async () => {
    const [host = '', port] = server().address.split(':');
    const socket = connect({ host, port: Number(port) }, () => socket.end('GET / HTTP/1.1\r\n\r\n'.repeat(100)));
    await once(
      socket.resume().on('error', () => undefined),
      'close',
    );
    expect(outcomes(await embed(server(), ['a']))).toEqual(['ok']);
  });
});

describe('what is not there', () => {
  const server = useServer(obedient());

  it.each([
    [
      'pipeline',
      () => server().client.verify([{ left: [text('a')], right: [text('b')] }], { pipeline: 'palm' }),
      'NO_PIPELINE',
    ],
    [
      'pipeline',
      () => server().client.compare([{ left: [text('a')], right: [text('b')] }], { pipelines: ['toy', 'palm'] }),
      'NO_PIPELINE',
    ],
    ['embedder', () => server().client.embed([text('a')], { embedder: 'palm' }), 'NO_EMBEDDER'],
  ])('%s: NOT_FOUND with the names that there are', async (field, call, reason) => {
    const error = await errorOf(call());
    expect(error).toMatchObject({ code: 'not-found', field, reason });
    expect(error.message).toContain('toy');
  });

  it('a thread that ends: UNAVAILABLE for what it was doing, then it is there again', async () => {
    expect(outcomes(await embed(server(), ['exit']))).toEqual(['WORKER_LOST']);
    let answer = ['none'];
    for (let attempt = 0; attempt < 50 && answer[0] !== 'ok'; attempt++) {
      await new Promise((done) => setTimeout(done, 100));
      answer = outcomes(await embed(server(), ['a']));
    }
    expect(answer).toEqual(['ok']);
    expect(server().log).toContainEqual(expect.objectContaining({ msg: 'worker thread', kind: 'restarted' }));
  });

  it('an internal fault says nothing of its cause to the client, and all to the log', async () => {
    const { results } = await embed(server(), ['throw']);
    const error = errorFromStatus(results[0]?.status);
    expect(error).toMatchObject({ code: 'internal' });
    expect(error?.message).not.toContain('secret');
  });
});
