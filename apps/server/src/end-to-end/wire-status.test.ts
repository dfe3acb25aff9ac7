import { bytesOf, rpc, v1 } from '@affinis/contracts';
import { status } from '@grpc/grpc-js';
import { createHttp2Client, framed } from '../testing/http2-client.ts';
import { obedientConfig } from '../testing/obedient.ts';
import { png, sampleBytes } from '../testing/samples.ts';
import { type TestServer, useServer } from '../testing/use-server.ts';
import { createStatusReader, type WireStatus } from '../testing/wire-status.ts';

/** The numbers and messages that clients in other languages see, read without our own codec. */
let read: (bytes: Uint8Array) => WireStatus;
beforeAll(async () => {
  read = await createStatusReader();
});

const shipped = useServer({
  config: 'embedders: { face: { options: { faces: single } }, absent: { model: none-such } }\n',
});
const obedient = useServer({
  config: obedientConfig('server: { maxBatchItems: 8 }\nbatching: { maxItems: 1, queueItems: 2 }'),
});

const itemStatus = (message: rpc.Status | undefined): WireStatus | undefined =>
  message && read(rpc.Status.encode(message).finish());
const textItem = (value: string): v1.EmbedItem => ({ id: '', sample: { content: { $case: 'text', value } } });
const photo = (data: Uint8Array, mediaType = ''): v1.EmbedItem => ({
  id: '',
  sample: { content: { $case: 'media', value: v1.Media.create({ data, mediaType }) } },
});
const shown = ({ code, details: { ErrorInfo, BadRequest } }: WireStatus) => {
  const { reason, domain } = ErrorInfo as { reason: string; domain: string };
  const { fieldViolations = [] } = (BadRequest ?? {}) as { fieldViolations?: { field: string }[] };
  return [code, domain, reason, ...fieldViolations.map(({ field }) => field)];
};

describe('an item that fails says so in a google.rpc.Status', () => {
  const jpeg = sampleBytes('faces/obama-1.jpg');

  it.each<[string, v1.EmbedItem, string, string]>([
    ['an empty file', photo(new Uint8Array()), 'EMPTY', 'items[1].sample.media.data'],
    ['one cut off', photo(jpeg.slice(0, 20_000)), 'UNDECODABLE', 'items[1].sample.media'],
    ['a type that it is not', photo(jpeg, 'image/png'), 'MEDIA_TYPE_MISMATCH', 'items[1].sample.media'],
    ['no face', photo(png(64, 64)), 'NO_FACE', 'items[1].sample.media'],
    ['no image', textItem('hello'), 'UNSUPPORTED_KIND', 'items[1].sample.text'],
  ])('%s', async (_, bad, reason, field) => {
    const items = [photo(jpeg), bad, photo(jpeg)];
    const { results } = await shipped().raw.unary(v1.EmbedderService.embed, { embedder: 'face', items });
    expect(results.map(({ embedding }) => embedding !== undefined)).toEqual([true, false, true]);
    expect(results.map(({ status }) => status?.code)).toEqual([undefined, status.INVALID_ARGUMENT, undefined]);
    const failed = itemStatus(results[1]?.status);
    expect(failed && shown(failed)).toEqual([status.INVALID_ARGUMENT, 'affinis', reason, field]);
  });

  const good = { mean: bytesOf(Float32Array.of(0.6, 0.8)), dimension: 2, space: 's@1' };
  const vector = (...values: number[]) => ({ mean: bytesOf(Float32Array.from(values)) });
  const right = 'pairs[1].right';
  it.each<[string, string, Partial<v1.Embedding>, status, string, string]>([
    ['NaN', 'cosine', vector(Number.NaN, 1), status.INVALID_ARGUMENT, 'BAD_EMBEDDING', `${right}.mean`],
    [
      'infinity',
      'cosine',
      vector(Number.NEGATIVE_INFINITY, 1),
      status.INVALID_ARGUMENT,
      'BAD_EMBEDDING',
      `${right}.mean`,
    ],
    ['the zero vector', 'cosine', vector(0, 0), status.INVALID_ARGUMENT, 'BAD_EMBEDDING', `${right}.mean`],
    ['five bytes', 'cosine', { mean: new Uint8Array(5) }, status.INVALID_ARGUMENT, 'MALFORMED', `${right}.mean`],
    [
      'a negative variance',
      'mls',
      { variance: bytesOf(Float32Array.of(-1)) },
      status.INVALID_ARGUMENT,
      'BAD_EMBEDDING',
      `${right}.variance`,
    ],
    ['another space', 'cosine', { space: 't@1' }, status.FAILED_PRECONDITION, 'TWO_SPACES', `${right}.space`],
    ['MLS without a variance', 'mls', {}, status.FAILED_PRECONDITION, 'NO_VARIANCE', `${right}.variance`],
  ])('%s', async (_, metric, change, code, reason, field) => {
    const sure = v1.Embedding.create({ ...good, variance: bytesOf(Float32Array.of(0.5)), varianceId: 'head' });
    const plain = v1.Embedding.create(good);
    const changed = v1.Embedding.create({ ...(change.variance ? sure : plain), ...change });
    const pairs = [sure, changed, sure].map((right) => ({ id: '', left: sure, right }));
    const { results } = await shipped().raw.unary(v1.MetricService.score, { metric, pairs });
    expect(results.map(({ status }) => status === undefined)).toEqual([true, false, true]);
    const failed = itemStatus(results[1]?.status);
    expect(failed && shown(failed)).toEqual([code, 'affinis', reason, field]);
  });

  it('a full queue, with the time to come again', async () => {
    const items = ['sleep 100', 'sleep 100', 'a', 'b', 'c', 'd'].map(textItem);
    const { results } = await obedient().raw.unary(v1.EmbedderService.embed, { embedder: 'toy', items });
    const refused = results.map(({ status }) => itemStatus(status)).find((status) => status !== undefined);
    expect(refused).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: { ErrorInfo: { reason: 'QUEUE_FULL' }, RetryInfo: { retryDelay: '0.500s' } },
    });
  });

  it('a fault of ours, without its cause', async () => {
    const items = [textItem('throw')];
    const { results } = await obedient().raw.unary(v1.EmbedderService.embed, { embedder: 'toy', items });
    const failed = itemStatus(results[0]?.status);
    expect(failed).toMatchObject({ code: status.INTERNAL, details: { ErrorInfo: { domain: 'affinis' } } });
    expect(failed?.message).not.toMatch(/secret|throw/);
  });
});

describe('a call that fails says so in its trailers', () => {
  const nothing = new Uint8Array();
  const embedding = (embedder: string, ...texts: string[]) =>
    v1.EmbedRequest.encode({ embedder, items: texts.map(textItem) }).finish();
  const { embed } = v1.EmbedderService;
  const { verify, compare } = v1.SimilarityService;
  const { score } = v1.MetricService;
  const tooMany = Array.from({ length: 9 }, () => 'a');

  it.each<[string, () => TestServer, string, Uint8Array, unknown[]]>([
    ['an embedder', obedient, embed.path, embedding('palm', 'a'), [status.NOT_FOUND, 'NO_EMBEDDER', 'embedder']],
    [
      'a pipeline',
      obedient,
      verify.path,
      v1.VerifyRequest.encode({ pipeline: 'palm', items: [] }).finish(),
      [status.NOT_FOUND, 'NO_PIPELINE', 'pipeline'],
    ],
    [
      'one of several pipelines',
      obedient,
      compare.path,
      v1.CompareRequest.encode({ pipelines: ['toy', 'palm'], items: [] }).finish(),
      [status.NOT_FOUND, 'NO_PIPELINE', 'pipeline'],
    ],
    [
      'a metric',
      obedient,
      score.path,
      v1.ScoreRequest.encode({ metric: 'palm', pairs: [] }).finish(),
      [status.NOT_FOUND, 'NO_METRIC', 'metric'],
    ],
    ['no item', obedient, embed.path, embedding('toy'), [status.INVALID_ARGUMENT, 'EMPTY', 'items']],
    [
      'nine of eight',
      obedient,
      embed.path,
      embedding('toy', ...tooMany),
      [status.RESOURCE_EXHAUSTED, 'BATCH_TOO_LARGE', 'items'],
    ],
    [
      'a model that is missing',
      shipped,
      embed.path,
      embedding('absent', 'a'),
      [status.FAILED_PRECONDITION, 'EMBEDDER_UNAVAILABLE', 'embedder'],
    ],
  ])('%s', async (_, server, path, body, [code, reason, field]) => {
    const trailers = await trailersOf(server(), path, body);
    const failed = statusIn(trailers);
    expect(trailers['grpc-status']).toBe(String(code));
    expect(decodeURIComponent(String(trailers['grpc-message']))).toBe(failed.message);
    expect(shown(failed)).toEqual([code, 'affinis', reason, field]);
    // Another try brings nothing: clients' own retry policies are told so, where the code alone would ask for one.
    expect(trailers['grpc-retry-pushback-ms']).toBe(code === status.RESOURCE_EXHAUSTED ? '-1' : undefined);
  });

  it('a deadline', async () => {
    const trailers = await trailersOf(obedient(), embed.path, embedding('toy', 'sleep 300'), { 'grpc-timeout': '50m' });
    expect(trailers['grpc-status']).toBe(String(status.DEADLINE_EXCEEDED));
  });

  it('an answer has no status of its own', async () => {
    const trailers = await trailersOf(obedient(), v1.SimilarityService.listPipelines.path, nothing);
    expect(trailers['grpc-status']).toBe('0');
    expect(trailers['grpc-status-details-bin']).toBeUndefined();
  });

  async function trailersOf({ address }: TestServer, path: string, body: Uint8Array, headers = {}) {
    const http2 = createHttp2Client(address);
    try {
      return await http2.call(path, framed(body), headers);
    } finally {
      http2.close();
    }
  }

  const statusIn = (trailers: Record<string, unknown>) =>
    read(Buffer.from(String(trailers['grpc-status-details-bin']), 'base64'));
});
