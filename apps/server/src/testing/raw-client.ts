import { fromServiceError } from '@affinis/contracts';
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
} from '@grpc/grpc-js';

type Method<I, O> = Pick<MethodDefinition<I, O>, 'path' | 'requestSerialize' | 'responseDeserialize'>;

/** grpc-js as it is: neither retries, nor checks, nor splits what it sends. */
export interface RawClient {
  /** Rejects with what the server answered, as an AffinisError. */
  unary<I, O>(method: Method<I, O>, request: I, options?: RawOptions): Promise<O>;
  serverStream<I, O>(method: Method<I, O>, request: I, options?: RawOptions): ClientReadableStream<O>;
  duplex<I, O>(method: Method<I, O>, options?: RawOptions): ClientDuplexStream<I, O>;
  close(): void;
}

export interface RawOptions {
  readonly deadlineMs?: number;
  readonly metadata?: Record<string, string>;
  /** Given the call as soon as it is made, to cancel it. */
  readonly onCall?: (call: ClientUnaryCall) => void;
}

export function createRawClient(
  address: string,
  channelCredentials: ChannelCredentials = credentials.createInsecure(),
): RawClient {
  const client = new Client(address, channelCredentials, {
    'grpc.max_send_message_length': -1,
    'grpc.max_receive_message_length': -1,
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
  });
  return {
    unary: (method, request, options = {}) =>
      new Promise((resolve, reject) => {
        const call = client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          request,
          metadataOf(options),
          callOptions(options),
          (error, response) =>
            error || response === undefined ? reject(fromServiceError(error, 'test')) : resolve(response),
        );
        options.onCall?.(call);
      }),
    serverStream: (method, request, options = {}) =>
      client.makeServerStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        metadataOf(options),
        callOptions(options),
      ),
    duplex: (method, options = {}) =>
      client.makeBidiStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        metadataOf(options),
        callOptions(options),
      ),
    close: () => client.close(),
  };
}

/** Everything that a stream answers, and how it ends. */
export async function outcomeOf<O>(call: ClientReadableStream<O>) {
  const answers: O[] = [];
  call.on('data', (answer: O) => answers.push(answer));
  const error = await new Promise<ServiceError | undefined>((resolve) => {
    call.once('error', resolve);
    call.once('end', () => resolve(undefined));
  });
  return { answers, error: error && fromServiceError(error, 'test') };
}

function metadataOf({ metadata = {} }: RawOptions): Metadata {
  const sent = new Metadata();
  for (const [key, value] of Object.entries(metadata)) sent.set(key, value);
  return sent;
}

const callOptions = ({ deadlineMs }: RawOptions) =>
  deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
