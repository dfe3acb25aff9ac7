import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type SessionOptions,
} from 'node:http2';

/** HTTP/2 by hand, for what no gRPC library sends. */
export interface Http2Client {
  readonly session: ClientHttp2Session;
  /** Opens a call and sends nothing yet. */
  open(path: string, headers?: Record<string, string>): ClientHttp2Stream;
  /** A whole call; resolves with its trailers, `grpc-status` among them. */
  call(path: string, body: Uint8Array, headers?: Record<string, string>): Promise<IncomingHttpHeaders>;
  close(): void;
}

export function createHttp2Client(address: string, options: SessionOptions = {}): Http2Client {
  const session = connect(`http://${address}`, options);
  session.on('error', () => undefined);
  const open: Http2Client['open'] = (path, headers = {}) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.on('error', () => undefined);
    return stream;
  };
  return {
    session,
    open,
    call: (path, body, headers) =>
      new Promise((resolve) => {
        const stream = open(path, headers);
        let last: IncomingHttpHeaders = {};
        const keep = (received: IncomingHttpHeaders) => {
          last = { ...last, ...received };
        };
        stream
          .on('response', keep)
          .on('trailers', keep)
          .once('close', () => resolve(last))
          .resume();
        stream.end(body);
      }),
    close: () => session.destroy(),
  };
}

/** A message as gRPC frames it. */
export function framed(message: Uint8Array, { compressed = false } = {}): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt8(compressed ? 1 : 0, 0);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}
