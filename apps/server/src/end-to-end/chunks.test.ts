import { errorFromStatus, v1 } from '@affinis/contracts';
import { outcomeOf } from '../testing/raw-client.ts';
import { outcomesOf, unwrap } from '../testing/results.ts';
import { largePhoto, media, sample, sampleBytes } from '../testing/samples.ts';
import { useServer } from '../testing/use-server.ts';

describe('large media', () => {
  const server = useServer();

  it('of 8 MB each go in chunks by themselves', async () => {
    const [left, right] = await Promise.all([
      largePhoto('faces/obama-1.jpg', 8e6),
      largePhoto('faces/obama-2.jpg', 8e6),
    ]);
    expect(left.length).toBeGreaterThan(7.5e6);
    const [result] = await server().client.verify([{ left: [media(left)], right: [media(right)] }]);
    expect(unwrap(result)).toMatchObject({ decision: 'match', pipeline: { pipeline: 'face' } });
  });

  const bytes = sampleBytes('faces/obama-1.jpg');
  const announce = (id: string, chunkedBytes = bytes.length): v1.EmbedStreamRequest['message'] => ({
    $case: 'item',
    value: {
      id,
      sample: { content: { $case: 'media', value: v1.Media.create({ chunkedBytes: BigInt(chunkedBytes) }) } },
    },
  });
  const chunk = (itemId: string, from: number, to = bytes.length, offset = from): v1.EmbedStreamRequest['message'] => ({
    $case: 'chunk',
    value: { itemId, medium: 0, offset: BigInt(offset), data: bytes.subarray(from, to) },
  });
  const whole = (id: string) => [announce(id), chunk(id, 0, 30_000), chunk(id, 30_000)];
  const stream = async (messages: readonly v1.EmbedStreamRequest['message'][]) => {
    const call = server().raw.duplex(v1.EmbedderService.embedStream);
    const outcome = outcomeOf(call);
    for (const message of messages) call.write({ message });
    call.end();
    const { answers, error } = await outcome;
    const results = answers.map(({ result }) => [result?.id, errorFromStatus(result?.status)?.reason ?? 'ok']);
    return { results: Object.fromEntries(results), error };
  };
  const start: v1.EmbedStreamRequest['message'] = { $case: 'start', value: { embedder: 'face' } };

  it.each<[string, readonly v1.EmbedStreamRequest['message'][], string]>([
    ['out of order', [announce('bad'), chunk('bad', 30_000), chunk('bad', 0, 30_000)], 'BAD_CHUNKS'],
    ['too many', [announce('bad', 1000), chunk('bad', 0, 2000)], 'BAD_CHUNKS'],
    ['too few', [announce('bad'), chunk('bad', 0, 1000)], 'BAD_CHUNKS'],
    ['of an item that is not there', [chunk('bad', 0, 1000)], 'STRAY_CHUNK'],
    ['too large in all', [announce('bad', 2 ** 40)], 'MEDIUM_TOO_LARGE'],
  ])('chunks %s fail their item, and no other', async (_, bad, reason) => {
    expect(await stream([start, ...whole('first'), ...bad, ...whole('last')])).toEqual({
      results: { first: 'ok', bad: reason, last: 'ok' },
      error: undefined,
    });
  });

  it('a stream begins with one start', async () => {
    expect((await stream(whole('first'))).error).toMatchObject({ code: 'invalid-argument', reason: 'BAD_STREAM' });
    expect((await stream([start, start])).error).toMatchObject({ code: 'invalid-argument', reason: 'BAD_STREAM' });
  });

  it('a client that goes in the middle of a chunk leaves nothing behind', async () => {
    const call = server().raw.duplex(v1.EmbedderService.embedStream);
    const outcome = outcomeOf(call);
    call.write({ message: start });
    call.write({ message: announce('half') });
    call.write({ message: chunk('half', 0, 1000) });
    setTimeout(() => call.cancel(), 50);
    expect((await outcome).error).toMatchObject({ code: 'cancelled' });
    expect(outcomesOf(await server().client.embed([sample('faces/obama-1.jpg')]))).toEqual(['ok']);
  });
});
