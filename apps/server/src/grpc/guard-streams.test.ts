import { v1 } from '@affinis/contracts';
import { AffinisError } from '@affinis/core';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import { createRawClient, outcomeOf, type RawClient } from '../testing/raw-client.ts';
import { type CallContext, createGuard } from './guard.ts';

type Request = v1.EmbedStreamRequest;
type Response = v1.EmbedStreamResponse;
type Handler = (messages: AsyncIterable<Request>, context: CallContext) => AsyncIterable<Response>;

const limits = { defaultDeadlineMs: 300, maxDeadlineMs: 300, streamIdleMs: 150 };
const start: Request = { message: { $case: 'start', value: { embedder: '' } } };
const response: Response = { result: v1.EmbedResult.create({ id: 'one' }) };

/** A real server whose EmbedStream is `handler` behind the guard. */
async function withHandler(
  handler: Handler,
  work: (raw: RawClient, state: { readonly active: number; readonly dropped: string[] }) => Promise<void>,
): Promise<void> {
  const dropped: string[] = [];
  const guard = createGuard(limits, pino({ level: 'silent' }), (peer) => dropped.push(peer));
  const server = new Server();
  const unused = guard.unary('Test/Unused', () => Promise.reject(new Error('unused')));
  server.addService(v1.EmbedderService, {
    embed: unused,
    listEmbedders: unused,
    embedStream: guard.duplex('Test/Stream', handler),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const raw = createRawClient(`127.0.0.1:${port}`);
  const state = {
    dropped,
    get active() {
      return guard.active;
    },
  };
  try {
    await work(raw, state);
  } finally {
    raw.close();
    server.forceShutdown();
  }
}

/** Echoes, and says when it has been unwound. */
function echo() {
  let finish: (reason: unknown) => void = () => undefined;
  const unwound = new Promise<unknown>((resolve) => {
    finish = resolve;
  });
  const handler: Handler = async function* (messages, { signal }) {
    try {
      for await (const _ of messages) yield response;
    } finally {
      finish(signal.aborted ? (signal.reason as AffinisError).code : 'in peace');
    }
  };
  return { handler, unwound };
}

describe('the guard of a stream unwinds its handler', () => {
  it('when the client has sent all', async () => {
    const { handler, unwound } = echo();
    await withHandler(handler, async (raw, state) => {
      const call = raw.duplex(v1.EmbedderService.embedStream);
      const outcome = outcomeOf(call);
      call.write(start);
      call.end();
      expect(await outcome).toEqual({ answers: [response], error: undefined });
      expect(await unwound).toBe('in peace');
      expect(state).toMatchObject({ active: 0, dropped: [] });
    });
  });

  it('when the client cancels', async () => {
    const { handler, unwound } = echo();
    await withHandler(handler, async (raw, state) => {
      const call = raw.duplex(v1.EmbedderService.embedStream);
      const outcome = outcomeOf(call);
      call.write(start);
      call.once('data', () => call.cancel());
      expect((await outcome).error?.code).toBe('cancelled');
      // HTTP/2 reports the end of what the client sends a moment before the reset.
      expect(['cancelled', 'in peace']).toContain(await unwound);
      while (state.active > 0) await new Promise(setImmediate);
      expect(state.dropped).toEqual([]);
    });
  });

  it('when nothing comes for too long', async () => {
    const { handler, unwound } = echo();
    await withHandler(handler, async (raw, state) => {
      const call = raw.duplex(v1.EmbedderService.embedStream);
      const outcome = outcomeOf(call);
      call.write(start);
      expect(await outcome).toMatchObject({ answers: [response], error: { code: 'deadline-exceeded' } });
      expect(await unwound).toBe('deadline-exceeded');
      await new Promise((done) => setTimeout(done, 2 * limits.streamIdleMs));
      expect(state).toMatchObject({ active: 0, dropped: [] });
    });
  });

  it('and not while messages come', async () => {
    const { handler, unwound } = echo();
    await withHandler(handler, async (raw) => {
      const call = raw.duplex(v1.EmbedderService.embedStream);
      const outcome = outcomeOf(call);
      for (let round = 0; round < 5; round++) {
        call.write(start);
        await new Promise((done) => setTimeout(done, limits.streamIdleMs / 2));
      }
      call.end();
      expect(await outcome).toMatchObject({ answers: { length: 5 }, error: undefined });
      expect(await unwound).toBe('in peace');
    });
  });
});

describe('what a handler throws ends the stream', () => {
  it.each<[string, unknown, string]>([
    ['an error of ours', new AffinisError('not-found', '[test] nothing here'), 'not-found'],
    ['any other, without its text', new Error('cannot open /etc/secret'), 'internal'],
    ['what is no error', undefined, 'internal'],
    ['a lone surrogate', new AffinisError('not-found', 'half \ud800'), 'not-found'],
  ])('%s', async (_, thrown, code) => {
    const handler: Handler = async function* (messages) {
      for await (const _ of messages) {
        yield response;
        throw thrown;
      }
    };
    await withHandler(handler, async (raw, state) => {
      const call = raw.duplex(v1.EmbedderService.embedStream);
      const outcome = outcomeOf(call);
      call.write(start);
      const { answers, error } = await outcome;
      expect([answers, error?.code]).toEqual([[response], code]);
      expect(error?.message).not.toContain('secret');
      expect(state.active).toBe(0);
    });
  });

  it('also where it throws before it returns anything', async () => {
    const handler: Handler = () => {
      throw new AffinisError('failed-precondition', '[test] at once');
    };
    await withHandler(handler, async (raw, state) => {
      const { error } = await outcomeOf(raw.duplex(v1.EmbedderService.embedStream));
      expect(error?.code).toBe('failed-precondition');
      expect(state.active).toBe(0);
    });
  });
});
