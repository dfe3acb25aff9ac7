import { once } from 'node:events';
import { toServiceError } from '@affinis/contracts';
import { AffinisError, noteDeadline, type ServerConfig } from '@affinis/core';
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerDuplexStream,
  ServerWritableStream,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';

/** What a handler may know of its call. */
export interface CallContext {
  /** Aborts with an AffinisError when the deadline passes, the client goes, or a stream falls idle. */
  readonly signal: AbortSignal;
  /** Of an item that failed alone: puts the cause in the log where the client is told to look for it there. */
  report(error: AffinisError): void;
}

/**
 * The one place where calls meet deadlines, errors and logs. Handlers are async functions and generators that return
 * or throw; nothing they throw can take the process down or leak to the client.
 */
export interface Guard {
  unary<I, O>(method: string, handler: (request: I, context: CallContext) => Promise<O>): handleUnaryCall<I, O>;
  serverStream<I, O>(
    method: string,
    handler: (request: I, context: CallContext) => AsyncIterable<O>,
  ): handleServerStreamingCall<I, O>;
  duplex<I, O>(
    method: string,
    handler: (messages: AsyncIterable<I>, context: CallContext) => AsyncIterable<O>,
  ): handleBidiStreamingCall<I, O>;
  /** Calls being answered now. */
  readonly active: number;
  /** From now on new calls are refused with UNAVAILABLE. */
  drain(): void;
}

type Limits = Pick<ServerConfig, 'defaultDeadlineMs' | 'maxDeadlineMs' | 'streamIdleMs'>;

interface Call {
  getDeadline(): Date | number;
  on(event: 'cancelled', listener: () => void): unknown;
}

/** `dropPeer` closes the connection of a client that does not take what a stream has for it. */
export function createGuard(limits: Limits, log: Logger, dropPeer: (peer: string) => void = () => {}): Guard {
  let active = 0;
  let draining = false;

  /** Runs one call's work with an abort signal and reports how it ended. */
  const run = async <T>(
    method: string,
    call: Call,
    budgetMs: number,
    work: (control: CallControl) => Promise<T>,
  ): Promise<T> => {
    const started = performance.now();
    const control = createCallControl(call, budgetMs, (error) => {
      if (error.code === 'internal') log.error({ method, ...causeOf(error) }, 'item failed');
    });
    active++;
    try {
      if (draining)
        throw new AffinisError('unavailable', '[server] shutting down; call another instance', {
          reason: 'DRAINING',
          retryAfterMs: 1000,
        });
      const result = await control.race(work(control));
      log.debug({ method, ms: elapsed(started) }, 'call answered');
      return result;
    } catch (thrown) {
      const error = AffinisError.from(thrown, 'server');
      const entry = { method, code: error.code, reason: error.reason, ms: elapsed(started) };
      if (error.code === 'internal') log.error({ ...entry, ...causeOf(error) }, 'call failed');
      else log.debug(entry, 'call refused');
      throw error;
    } finally {
      active--;
      control.end();
    }
  };

  /** Ends a streaming call as its work ended, and sees to it that the end gets out. */
  const answer = async <I, O>(method: string, call: StreamingCall<I, O>, work: Promise<void>): Promise<void> => {
    const peer = call.getPeer();
    await respond(call, work);
    if (call.cancelled || call.writableFinished) return;
    // A status waits behind the messages before it, and those on a client that reads: for ever where it never does.
    const timer = setTimeout(() => {
      log.warn({ method, peer }, 'connection closed: the client does not read');
      dropPeer(peer);
    }, limits.streamIdleMs);
    for (const event of ['finish', 'cancelled']) call.once(event, () => clearTimeout(timer));
  };

  return {
    unary: (method, handler) => (call, callback) => {
      run(method, call, budgetOf(call, limits), (control) => handler(call.request, control)).then(
        (response) => callback(null, response),
        (error: AffinisError) => callback(toServiceError(error)),
      );
    },
    serverStream: (method, handler) => (call) => {
      void answer(
        method,
        call,
        run(method, call, budgetOf(call, limits), (control) =>
          pipe(handler(call.request, control), call, control.signal),
        ),
      );
    },
    duplex: (method, handler) => (call) => {
      const work = run(method, call, limits.streamIdleMs, (control) =>
        pipe(handler(touching(messagesOf(call), control.touch), control), call, control.signal, control.touch),
      );
      void answer(method, call, work);
    },
    get active() {
      return active;
    },
    drain() {
      draining = true;
    },
  };
}

type StreamingCall<I, O> = ServerWritableStream<I, O> | ServerDuplexStream<I, O>;

interface CallControl extends CallContext {
  /** Starts the time limit anew: a stream's limit is on idleness, not on its length. */
  touch(): void;
  /** The work's outcome, or why it was aborted before. */
  race<T>(work: Promise<T>): Promise<T>;
  end(): void;
}

/** Many calls are over before anything could abort them: a signal and an error are made only where they are needed. */
function createCallControl(call: Call, budgetMs: number, report: CallContext['report']): CallControl {
  let controller: AbortController | undefined;
  let reason: AffinisError | undefined;
  let rejectRace: ((reason: AffinisError) => void) | undefined;
  let ended = false;
  const abort = (why: () => AffinisError) => {
    if (ended || reason) return;
    reason = why();
    controller?.abort(reason);
    rejectRace?.(reason);
  };
  const timer = setTimeout(() => abort(deadlinePassed), Math.max(0, budgetMs));
  let deadline = performance.now() + budgetMs;
  // grpc-js emits it after a success too; `ended` tells the two apart.
  call.on('cancelled', () => abort(clientCancelled));
  return {
    report,
    get signal() {
      if (!controller) {
        controller = new AbortController();
        noteDeadline(controller.signal, deadline);
        if (reason) controller.abort(reason);
      }
      return controller.signal;
    },
    touch: () => {
      if (ended) return;
      timer.refresh();
      deadline = performance.now() + budgetMs;
      if (controller) noteDeadline(controller.signal, deadline);
    },
    race: (work) =>
      new Promise((resolve, reject) => {
        rejectRace = reject;
        if (reason) reject(reason);
        work.then(resolve, reject);
      }),
    end: () => {
      ended = true;
      clearTimeout(timer);
    },
  };
}

const deadlinePassed = () =>
  new AffinisError('deadline-exceeded', '[server] the deadline passed before the answer was ready', {
    reason: 'DEADLINE',
  });
const clientCancelled = () => new AffinisError('cancelled', '[server] the client cancelled the call');

/** What is left of the client's deadline, no more than the configured most. */
function budgetOf(call: Call, limits: Limits): number {
  const deadline = Number(call.getDeadline());
  const wanted = Number.isFinite(deadline) ? deadline - Date.now() : limits.defaultDeadlineMs;
  return Math.min(wanted, limits.maxDeadlineMs);
}

/** Writes a handler's messages, waiting where the client reads more slowly than they come. */
async function pipe<I, O>(
  messages: AsyncIterable<O>,
  call: StreamingCall<I, O>,
  signal: AbortSignal,
  touch?: () => void,
): Promise<void> {
  for await (const message of messages) {
    if (signal.aborted) return;
    touch?.();
    if (!call.write(message)) await once(call, 'drain', { signal });
  }
}

/** Not destroyed when it has been read to its end: the answers still go out over it. */
const messagesOf = <I>(call: ServerDuplexStream<I, unknown>): AsyncIterable<I> =>
  call.iterator({ destroyOnReturn: false });

async function* touching<I>(messages: AsyncIterable<I>, touch: () => void): AsyncIterable<I> {
  for await (const message of messages) {
    touch();
    yield message;
  }
}

/** Ends a streaming call with its outcome; an `error` event makes grpc-js send a status, and ends the reading side. */
async function respond<I, O>(call: StreamingCall<I, O>, work: Promise<void>): Promise<void> {
  try {
    await work;
    call.end();
  } catch (thrown) {
    call.emit('error', toServiceError(AffinisError.from(thrown, 'server')));
  }
}

const elapsed = (started: number) => Math.round((performance.now() - started) * 10) / 10;
const causeOf = ({ message, cause }: AffinisError) => ({
  message,
  cause: cause instanceof Error ? cause.stack : cause === undefined ? undefined : String(cause),
});
