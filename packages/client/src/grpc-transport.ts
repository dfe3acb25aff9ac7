import { fromServiceError } from '@affinis/contracts';
import { AffinisError } from '@affinis/core';
import type { CallOptions, ClientUnaryCall, Metadata } from '@grpc/grpc-js';
import { createChannel, metadataOf } from './channel.ts';
import { answersOf, sendAll, watchProgress } from './grpc-stream.ts';
import type { Settings } from './options.ts';
import type { Limits, Transport } from './transport.ts';

export function createGrpcTransport(settings: Settings): Transport {
  const client = createChannel(settings);
  const metadata = metadataOf(settings);
  const mapError = errorMapper(settings.address);
  return {
    unary: (method, request, limits) =>
      new Promise((resolve, reject) => {
        let release = () => {};
        const call: ClientUnaryCall = client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          request,
          withMore(metadata, limits),
          callOptions(limits),
          (error, response) => {
            release();
            if (error || response === undefined) reject(mapError(error));
            else resolve(response);
          },
        );
        release = cancelOn(limits.signal, call);
      }),

    async *serverStream(method, request, limits) {
      const { path, requestSerialize, responseDeserialize } = method;
      const options = callOptions(limits);
      const call = client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        withMore(metadata, limits),
        options,
      );
      const release = cancelOn(limits.signal, call);
      try {
        yield* answersOf(call);
      } catch (thrown) {
        throw mapError(thrown);
      } finally {
        release();
      }
    },

    async *duplex(method, requests, limits) {
      const { path, requestSerialize, responseDeserialize } = method;
      const call = client.makeBidiStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        metadata,
        callOptions(limits),
      );
      const release = cancelOn(limits.signal, call);
      const progress = watchProgress(call, limits);
      const sending = sendAll(call, requests, progress);
      try {
        yield* answersOf(call, progress);
      } catch (thrown) {
        if (sending.failure) throw sending.failure.thrown;
        throw progress.stalled ? stalled(limits.idleMs) : mapError(thrown);
      } finally {
        progress.end();
        release();
      }
    },

    close: () => client.close(),
  };
}

function withMore(metadata: Metadata, { metadata: more }: Limits): Metadata {
  if (!more) return metadata;
  const all = metadata.clone();
  for (const [key, value] of Object.entries(more)) all.set(key, value);
  return all;
}

const callOptions = ({ deadline }: Limits): CallOptions => (deadline ? { deadline } : {});

function cancelOn(signal: AbortSignal | undefined, call: { cancel(): void }): () => void {
  const cancel = () => call.cancel();
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  return () => signal?.removeEventListener('abort', cancel);
}

/** What the library reports about a connection says nothing about which; ours does. */
function errorMapper(address: string): (thrown: unknown) => AffinisError {
  return (thrown) => {
    const error = fromServiceError(thrown);
    if (error.code !== 'unavailable' || error.reason !== undefined) return error;
    return new AffinisError(
      'unavailable',
      `${error.message} (no answer from ${address}; is the server running there?)`,
      {
        reason: 'UNREACHABLE',
        cause: thrown,
      },
    );
  };
}

const stalled = (idleMs: number) =>
  new AffinisError(
    'deadline-exceeded',
    `[client] no progress for ${idleMs} ms; raise deadlineMs if the server is slow`,
  );
