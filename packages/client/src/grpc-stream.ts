import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClientDuplexStream, ClientReadableStream } from '@grpc/grpc-js';
import type { StreamLimits } from './transport.ts';

/** Whether a stream still moves. */
export interface Progress {
  /** A message went out, or came in. */
  made(): void;
  /** Whether the reader is waiting for an answer now, rather than busy with the last one. */
  waiting(now: boolean): void;
  /** True once the stream was cancelled for standing still. */
  readonly stalled: boolean;
  end(): void;
}

const checksPerIdle = 8;
const messagesPerTurn = 16;

export function watchProgress(call: { cancel(): void }, { idleMs, answersDue }: StreamLimits): Progress {
  let last = performance.now();
  let reading = false;
  let stalled = false;
  const check = () => {
    if (!reading || !answersDue()) last = performance.now();
    if (performance.now() - last < idleMs) return;
    stalled = true;
    call.cancel();
  };
  const timer = setInterval(check, Math.ceil(idleMs / checksPerIdle));
  return {
    made: () => {
      last = performance.now();
    },
    waiting: (now) => {
      reading = now;
      last = performance.now();
    },
    get stalled() {
      return stalled;
    },
    end: () => clearInterval(timer),
  };
}

/** The messages of a call; ending the loop early cancels it. */
export async function* answersOf<Response>(
  call: ClientReadableStream<Response>,
  progress?: Progress,
): AsyncGenerator<Response> {
  call.on('error', () => {}); // reported to the loop too; one that comes after the loop has been left must not crash
  try {
    progress?.waiting(true);
    for await (const response of call) {
      progress?.waiting(false);
      yield response;
      progress?.waiting(true);
    }
  } finally {
    call.cancel();
  }
}

/** What the source of a stream's requests threw, once it did. */
export interface Sending {
  readonly failure: { readonly thrown: unknown } | undefined;
}

/** Writes at the pace that the call takes; cancels it where the source fails. */
export function sendAll<Request>(
  call: ClientDuplexStream<Request, unknown>,
  requests: AsyncIterable<Request>,
  progress: Progress,
): Sending {
  let failure: Sending['failure'];
  const over = new AbortController();
  call.once('status', () => over.abort());
  let sent = 0;
  const pump = async () => {
    for await (const request of requests) {
      if (over.signal.aborted) return;
      if (!call.write(request)) await once(call, 'drain', { signal: over.signal }).catch(() => over.abort());
      progress.made();
      // Writes that go into the retry buffer complete at once: without a pause a ready source would starve the answers.
      if (++sent % messagesPerTurn === 0) await nextTurn();
    }
    if (!over.signal.aborted) call.end();
  };
  pump().catch((thrown: unknown) => {
    failure = { thrown };
    call.cancel();
  });
  return {
    get failure() {
      return failure;
    },
  };
}
