import { toServiceError } from '@affinis/contracts';
import { AffinisError } from '@affinis/core';
import type { handleServerStreamingCall, handleUnaryCall, Metadata } from '@grpc/grpc-js';

/** An async function as a unary handler: what it throws becomes the call's status, and never ends the process. */
export function unary<Request, Response>(
  handler: (request: Request, metadata: Metadata) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    handler(call.request, call.metadata).then(
      (response) => callback(null, response),
      (thrown: unknown) => callback(toServiceError(logged(thrown))),
    );
  };
}

/** An async generator as a streaming handler. */
export function serverStream<Request, Response>(
  handler: (request: Request, metadata: Metadata) => AsyncIterable<Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const answer = async () => {
      for await (const message of handler(call.request, call.metadata)) {
        if (call.cancelled) return;
        if (!call.write(message)) await new Promise((resume) => call.once('drain', resume).once('cancelled', resume));
      }
      call.end();
    };
    answer().catch((thrown: unknown) => call.emit('error', toServiceError(logged(thrown))));
  };
}

/** Puts what the caller is not told, the author's own failure, where the author looks for it. */
export function logged(thrown: unknown): AffinisError {
  const error = AffinisError.from(thrown, 'plugin');
  if (error.code === 'internal' && error.cause instanceof Error)
    process.stderr.write(`error ${error.cause.stack ?? error.cause.message}\n`);
  return error;
}
