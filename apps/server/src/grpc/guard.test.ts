import { EventEmitter } from 'node:events';
import type { AffinisError } from '@affinis/core';
import { type ServerUnaryCall, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { type CallContext, createGuard } from './guard.ts';

const limits = { defaultDeadlineMs: 60_000, maxDeadlineMs: 60_000, streamIdleMs: 60_000 };

/** A call as far as the guard looks at one. */
class FakeCall extends EventEmitter {
  readonly request = 'request';
  readonly deadline: number;
  constructor(deadline = Number.POSITIVE_INFINITY) {
    super();
    this.deadline = deadline;
  }
  getDeadline() {
    return this.deadline;
  }
}

function answer(call: FakeCall, handler: (request: string, context: CallContext) => Promise<string>) {
  const guard = createGuard(limits, pino({ level: 'silent' }));
  return new Promise<{ error: { code?: number | undefined } | null; value: unknown }>((resolve) =>
    guard.unary('Test/Call', handler)(call as unknown as ServerUnaryCall<string, string>, (error, value) =>
      resolve({ error: error as { code?: number } | null, value }),
    ),
  );
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<string>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('the guard of a unary call', () => {
  it('answers what the handler returns, and aborts nothing when grpc-js reports the end of the call as cancelled', async () => {
    const call = new FakeCall();
    let signal: AbortSignal | undefined;
    const outcome = await answer(call, async (request, context) => {
      signal = context.signal;
      return `${request} answered`;
    });
    call.emit('cancelled');
    expect(outcome).toEqual({ error: null, value: 'request answered' });
    expect(signal?.aborted).toBe(false);
  });

  it('aborts the signal with the reason when the client cancels', async () => {
    const call = new FakeCall();
    let reason: AffinisError | undefined;
    const outcome = answer(call, async (_, { signal }) => {
      signal.addEventListener('abort', () => (reason = signal.reason));
      return untilAborted(signal);
    });
    call.emit('cancelled');
    expect((await outcome).error?.code).toBe(status.CANCELLED);
    expect(reason?.code).toBe('cancelled');
  });

  it('gives a handler that asks for the signal late one that is aborted already', async () => {
    const call = new FakeCall();
    let late: AbortSignal | undefined;
    let asked: (() => void) | undefined;
    const done = new Promise<void>((resolve) => (asked = resolve));
    const outcome = answer(call, async (_, context) => {
      await new Promise(setImmediate);
      late = context.signal;
      asked?.();
      return 'too late';
    });
    call.emit('cancelled');
    expect((await outcome).error?.code).toBe(status.CANCELLED);
    await done;
    expect(late?.aborted).toBe(true);
  });

  it('ends a call whose deadline passes, also where the handler never looks at the signal', async () => {
    const outcome = await answer(new FakeCall(Date.now() + 5), () => new Promise(() => undefined));
    expect(outcome.error?.code).toBe(status.DEADLINE_EXCEEDED);
  });
});
