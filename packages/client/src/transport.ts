import type { MethodDefinition } from '@grpc/grpc-js';

/** A method of a generated service definition. */
export type Method<Request, Response> = Pick<
  MethodDefinition<Request, Response>,
  'path' | 'requestSerialize' | 'responseDeserialize'
>;

/** The three shapes of calls, with deadlines, credentials and cancellation. What they throw is an AffinisError. */
export interface Transport {
  unary<Request, Response>(method: Method<Request, Response>, request: Request, limits: Limits): Promise<Response>;
  serverStream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    limits: Limits,
  ): AsyncIterable<Response>;
  /** Sends while answers come in; leaving the loop early cancels the call. What `requests` throws comes out as it is. */
  duplex<Request, Response>(
    method: Method<Request, Response>,
    requests: AsyncIterable<Request>,
    limits: StreamLimits,
  ): AsyncIterable<Response>;
  close(): void;
}

export interface Limits {
  /** When the call fails with `deadline-exceeded`. Default: never. */
  readonly deadline?: Date | undefined;
  /** Aborting makes the call fail with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** Sent beside the client's own. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export interface StreamLimits extends Limits {
  /** Longest time without a message in either direction while answers are due; then it fails with `deadline-exceeded`. */
  readonly idleMs: number;
  answersDue(): boolean;
}
