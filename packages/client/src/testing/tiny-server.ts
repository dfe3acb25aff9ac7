import { createHash } from 'node:crypto';
import {
  createChunkAssembler,
  embedItemFromProto,
  embedResultToProto,
  health,
  metricToProto,
  scorePairFromProto,
  scoreResultToProto,
  toServiceError,
  v1,
  verifyItemFromProto,
  verifyResultToProto,
} from '@affinis/contracts';
import { AffinisError, attempt, failure, payloadOf, type SampleOrEmbedding } from '@affinis/core';
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';

/** A server on a real port that speaks the contract and knows nothing but digests of what it is sent. */
export interface TinyServer {
  readonly address: string;
  /** What arrived, by name of the method. */
  readonly calls: { readonly method: string; readonly metadata: Metadata }[];
  /** Thrown by the next unary calls, one each. */
  readonly failures: AffinisError[];
  /** Streams of the client's that are over, by whatever end. */
  readonly ended: string[];
  /** Streams take messages and answer nothing. */
  hang: boolean;
  stop(): void;
}

export const model = { name: 'digest', version: '1', sha256: '00'.repeat(32) };
const limits = { maxMediumBytes: 64e6, maxItemBytes: 64e6 };

/** What the tiny server embeds a payload to: its digest, as 8 numbers. */
export function digestOf(bytes: Uint8Array): Float32Array {
  return Float32Array.from(createHash('sha256').update(bytes).digest().subarray(0, 8), (byte) => byte + 1);
}

export async function startTinyServer(): Promise<TinyServer> {
  const server = new Server({ 'grpc.max_receive_message_length': 4 * 1024 * 1024 });
  const state: TinyServer = {
    address: '',
    calls: [],
    ended: [],
    failures: [],
    hang: false,
    stop: () => server.forceShutdown(),
  };
  const unary =
    <I, O>(method: string, answer: (request: I) => Promise<O> | O) =>
    (call: ServerUnaryCall<I, O>, callback: sendUnaryData<O>) => {
      state.calls.push({ method, metadata: call.metadata });
      const failing = state.failures.shift();
      const work = attempt(() => {
        if (failing) throw failing;
        return answer(call.request);
      });
      void work.then((result) => (result.ok ? callback(null, result.value) : callback(toServiceError(result.error))));
    };
  const itemStream =
    <Item extends v1.EmbedItem | v1.VerifyItem>(
      method: string,
      answer: (item: Item) => Promise<unknown>,
      fail: (id: string, error: AffinisError) => unknown,
    ) =>
    // biome-ignore lint/suspicious/noExplicitAny: three generated call types in one test helper
    async (call: any) => {
      state.calls.push({ method, metadata: call.metadata });
      const assembler = createChunkAssembler<Item>(limits);
      call.on('cancelled', () => state.ended.push(method));
      call.on('error', () => {});
      // Not `of call`: that destroys the call, answers included, once the client has sent its last message.
      const messages = call.iterator({ destroyOnReturn: false });
      try {
        for await (const { message } of messages) {
          if (state.hang || message.$case === 'start') continue;
          for (const result of assembler.push(message)) {
            call.write({ result: result.ok ? await answer(result.item) : fail(result.id, result.error) });
          }
        }
      } catch {
        return; // The client has gone.
      }
      if (state.hang) return;
      call.end();
    };

  const embed = async (item: v1.EmbedItem, field: string) => {
    const result = await attempt(() => ({
      embedding: embeddingOf(embedItemFromProto(item)),
      queueMs: 0,
      timings: { decodeMs: 0, prepareMs: 0, inferenceMs: 0 },
    }));
    return embedResultToProto({ id: item.id, field }, result, model);
  };
  const verify = async (item: v1.VerifyItem, field: string) => {
    const result = await attempt(() => {
      const { left, right } = verifyItemFromProto(item);
      const same = left.map(keyOf).join() === right.map(keyOf).join();
      const timings = { queueMs: 0, decodeMs: 0, prepareMs: 0, inferenceMs: 0, scoreMs: 0 };
      return {
        score: same ? 1 : 0,
        decision: same ? ('match' as const) : ('no_match' as const),
        timings,
        left: [],
        right: [],
      };
    });
    const pipeline = { pipeline: 'digest', model, metric: { name: 'equal', polarity: 'similarity' as const } };
    return { answer: verifyResultToProto({ id: item.id, field }, result, pipeline), pipeline };
  };
  const compare = async (item: v1.VerifyItem, field: string): Promise<v1.CompareResult> => {
    const { answer } = await verify(item, field);
    return { id: item.id, status: undefined, results: [{ ...answer, pipeline: 'digest' }] };
  };

  server.addService(v1.EmbedderService, {
    listEmbedders: unary('ListEmbedders', () => ({ embedders: [] })),
    embed: unary('Embed', async ({ items }: v1.EmbedRequest) => ({
      results: await Promise.all(items.map((item, index) => embed(item, `items[${index}]`))),
    })),
    embedStream: itemStream<v1.EmbedItem>(
      'EmbedStream',
      (item) => embed(item, 'item'),
      (id, error) => embedResultToProto({ id, field: 'item' }, failure(error), model),
    ),
  });
  server.addService(v1.SimilarityService, {
    listPipelines: unary('ListPipelines', () => ({ pipelines: [] })),
    verify: unary('Verify', async ({ items }: v1.VerifyRequest) => ({
      results: await Promise.all(items.map(async (item, index) => (await verify(item, `items[${index}]`)).answer)),
    })),
    verifyStream: itemStream<v1.VerifyItem>(
      'VerifyStream',
      async (item) => (await verify(item, 'item')).answer,
      (id, error) =>
        verifyResultToProto({ id, field: 'item' }, failure(error), {
          pipeline: '',
          model,
          metric: { name: '', polarity: 'similarity' },
        }),
    ),
    compare: unary('Compare', async ({ items }: v1.CompareRequest) => ({
      results: await Promise.all(items.map((item, index) => compare(item, `items[${index}]`))),
    })),
    compareStream: itemStream<v1.VerifyItem>(
      'CompareStream',
      (item) => compare(item, 'item'),
      (id) => v1.CompareResult.create({ id }),
    ),
  });
  server.addService(v1.MetricService, {
    listMetrics: unary('ListMetrics', () => ({ metrics: [] })),
    score: unary('Score', async ({ pairs }: v1.ScoreRequest) => ({
      results: await Promise.all(
        pairs.map(async (pair, index) => {
          const result = await attempt(() => {
            const { left, right } = scorePairFromProto(pair);
            return (left.mean[0] ?? 0) - (right.mean[0] ?? 0);
          });
          return scoreResultToProto({ id: pair.id, field: `pairs[${index}]` }, result);
        }),
      ),
      metric: metricToProto({ name: 'first-difference', polarity: 'distance' }),
      timings: v1.Timings.create({ scoreMs: 1 }),
    })),
    scoreMatrix: (call: ServerWritableStream<v1.ScoreMatrixRequest, v1.ScoreMatrixResponse>) => {
      state.calls.push({ method: 'ScoreMatrix', metadata: call.metadata });
      const { queries, references } = call.request;
      const first = (block: v1.EmbeddingBlock | undefined, row: number) =>
        Buffer.from(block?.means ?? []).readFloatLE(row * (block?.dimension ?? 0) * 4);
      for (let row = 0; row < (queries?.count ?? 0); row++) {
        const scores = Float32Array.from(
          { length: references?.count ?? 0 },
          (_, column) => first(queries, row) - first(references, column),
        );
        call.write(
          v1.ScoreMatrixResponse.create({
            firstQuery: row,
            queryCount: 1,
            referenceCount: scores.length,
            scores: new Uint8Array(scores.buffer),
          }),
        );
      }
      call.end();
    },
  });
  const { SERVING, SERVICE_UNKNOWN } = health.HealthCheckResponse_ServingStatus;
  const statusOf = (service: string) => ({ status: service === '' ? SERVING : SERVICE_UNKNOWN });
  server.addService(health.HealthService, {
    check: unary('Check', ({ service }: health.HealthCheckRequest) => statusOf(service)),
    list: unary('List', () => ({ statuses: {} })),
    watch: (call: ServerWritableStream<health.HealthCheckRequest, health.HealthCheckResponse>) =>
      void call.write(statusOf(call.request.service)),
  });

  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return Object.assign(state, { address: `127.0.0.1:${port}` });
}

const embeddingOf = (sample: SampleOrEmbedding) => ({
  mean: digestOf(bytesIn(sample)),
  unitNorm: false,
  space: 'digest',
});

const keyOf = (sample: SampleOrEmbedding) => digestOf(bytesIn(sample)).join();

function bytesIn(sample: SampleOrEmbedding): Uint8Array {
  if (sample.kind === 'embedding') return Buffer.from(sample.embedding.mean.buffer);
  const payload = payloadOf(sample);
  if (payload) return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
  const text = sample.kind === 'text' ? sample.text : '';
  if (text === '') throw new AffinisError('invalid-argument', '[tiny] empty text', { field: 'text', reason: 'EMPTY' });
  return Buffer.from(text);
}
