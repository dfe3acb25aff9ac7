import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ClientHttp2Stream } from 'node:http2';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { blockOf } from '@affinis/client';
import { blockToProto, v1 } from '@affinis/contracts';
import { status } from '@grpc/grpc-js';
import { createHttp2Client, framed, type Http2Client } from '../testing/http2-client.ts';
import { obedientConfig } from '../testing/obedient.ts';
import { errorOf } from '../testing/results.ts';
import { useServer } from '../testing/use-server.ts';

const server = useServer({
  config: obedientConfig(
    'server: { maxMessageBytes: 1048576, maxConcurrentStreams: 16, maxConnections: 8, streamIdleMs: 400, maxDeadlineMs: 500 }',
  ),
});
let http2: Http2Client;
beforeEach(() => {
  http2 = createHttp2Client(server().address);
});
afterEach(async () => {
  http2.close();
  expect(await server().client.health()).toBe('serving');
  expect((await server().client.listPipelines()).length).toBe(1);
  expect(server().stderr()).toBe('');
});

const listPipelines = v1.SimilarityService.listPipelines.path;
const embed = v1.EmbedderService.embed.path;
const nothing = framed(new Uint8Array());
const textItem = (id: string, value: string): v1.EmbedItem => ({
  id,
  sample: { content: { $case: 'text', value } },
});
const embedding = (value: string) =>
  framed(v1.EmbedRequest.encode({ embedder: 'toy', items: [textItem('', value)] }).finish());

describe('grpc-timeout', () => {
  it.each([
    ['1S', status.OK],
    ['60S', status.OK],
    ['5000m', status.OK],
    ['9000000u', status.OK],
    ['99999999n', status.OK],
    ['500H', status.OK],
    ['0S', status.DEADLINE_EXCEEDED],
    // A fault of grpc-js 1.14.7: more than 2^31 ms overflows into the past. Nothing of ours runs before it.
    ['600H', status.DEADLINE_EXCEEDED],
    ['soon', status.INTERNAL],
  ])('%s', async (timeout, code) => {
    expect((await http2.call(embed, embedding('sleep 30'), { 'grpc-timeout': timeout }))['grpc-status']).toBe(
      String(code),
    );
  });
});

describe('messages', () => {
  it.each<[string, Buffer, Record<string, string>, status]>([
    ['no protobuf', framed(Buffer.alloc(1000, 0x07)), {}, status.INTERNAL],
    ['groups nested without end', framed(Buffer.alloc(30_000, 0x0b)), {}, status.INTERNAL],
    [
      'compressed by what nobody knows',
      framed(randomBytes(99), { compressed: true }),
      { 'grpc-encoding': 'br' },
      status.UNIMPLEMENTED,
    ],
    [
      'a gzip bomb',
      framed(gzipSync(Buffer.alloc(64 * 1024 * 1024)), { compressed: true }),
      { 'grpc-encoding': 'gzip' },
      status.RESOURCE_EXHAUSTED,
    ],
    ['no gzip', framed(randomBytes(99), { compressed: true }), { 'grpc-encoding': 'gzip' }, status.INTERNAL],
    ['longer than the limit', framed(new Uint8Array(1_100_000)), {}, status.RESOURCE_EXHAUSTED],
    ['two where one is due', Buffer.concat([nothing, nothing]), {}, status.UNIMPLEMENTED],
    ['none', Buffer.alloc(0), {}, status.UNIMPLEMENTED],
  ])('%s', async (_, body, headers, code) => {
    expect((await http2.call(embed, body, headers))['grpc-status']).toBe(String(code));
  });

  it('an unknown method', async () => {
    expect((await http2.call('/affinis.v1.Embedder/Guess', nothing))['grpc-status']).toBe(String(status.UNIMPLEMENTED));
  });

  it('a name of a megabyte comes back cut to what a header holds', async () => {
    const error = await errorOf(
      server().client.embed([{ kind: 'text', text: 'a' }], { embedder: '💥'.repeat(200_000) }),
    );
    expect(error.code).toBe('not-found');
    expect(Buffer.byteLength(error.message)).toBeLessThanOrEqual(1024);
  });
});

describe('connections', () => {
  it.each([
    ['random bytes', randomBytes(4096)],
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50))],
    ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex')],
    [
      'an HTTP/2 preface and noise',
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), randomBytes(2000)]),
    ],
  ])('%s', async (_, bytes) => {
    const socket = connectTo(server().address);
    socket.end(bytes);
    await once(socket, 'close');
  });

  it('more than allowed are closed; there is room again when they go', async () => {
    const sockets = Array.from({ length: 20 }, () => connectTo(server().address));
    const closed = Promise.all(sockets.slice(8).map((socket) => once(socket, 'close')));
    await closed;
    for (const socket of sockets) socket.destroy();
  });

  it('calls that are opened and reset at once', async () => {
    for (let round = 0; round < 20; round++) {
      const streams = Array.from({ length: 16 }, () => http2.open(listPipelines));
      for (const stream of streams) stream.close(8);
      await Promise.all(streams.map((stream) => stream.closed || once(stream, 'close')));
    }
  });

  it('messages that are half sent on every stream, and more streams than allowed', async () => {
    const half = framed(new Uint8Array(1_000_000)).subarray(0, 500_000);
    const streams = Array.from({ length: 40 }, () => http2.open(v1.EmbedderService.embed.path));
    for (const stream of streams) stream.write(half);
    await new Promise((done) => setTimeout(done, 200));
    expect(await server().client.health()).toBe('serving');
    http2.close();
  });
});

describe('a client that never reads', () => {
  const rows = blockToProto(
    blockOf(
      Array.from({ length: 1000 }, (_, row) => ({ mean: Float32Array.of(1, row + 1), unitNorm: false, space: 's' })),
    ),
  );
  const matrix = framed(
    v1.ScoreMatrixRequest.encode({ metric: 'cosine', queries: rows, references: rows, rowsPerBlock: 1 }).finish(),
  );
  const start = framed(
    v1.EmbedStreamRequest.encode({ message: { $case: 'start', value: { embedder: 'toy' } } }).finish(),
  );
  const item = (id: string) =>
    framed(v1.EmbedStreamRequest.encode({ message: { $case: 'item', value: textItem(id, 'a') } }).finish());

  /** A session whose peer may send a kilobyte before it has to wait. */
  async function stuck(work: (stream: ClientHttp2Stream) => void, path: string): Promise<void> {
    const client = createHttp2Client(server().address, { settings: { initialWindowSize: 1024 } });
    const stream = client.open(path);
    work(stream);
    await once(client.session, 'close');
  }

  it('of a matrix loses its connection some time after the deadline', async () => {
    await stuck((stream) => stream.end(matrix), v1.MetricService.scoreMatrix.path);
  });

  it('of a stream does so when it has been idle for long enough', async () => {
    await stuck((stream) => {
      stream.write(start);
      for (let id = 0; id < 2000; id++) stream.write(item(String(id)));
    }, v1.EmbedderService.embedStream.path);
  });
});

function connectTo(address: string) {
  const [host = '', port] = address.split(':');
  return connect({ host, port: Number(port) })
    .on('error', () => undefined)
    .resume();
}
