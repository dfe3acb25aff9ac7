import { type AffinisClient, createAffinisClient } from '@affinis/client';
import { createRawClient, type RawClient } from './raw-client.ts';
import { type ServerProcess, type ServerProcessOptions, startServerProcess } from './server-process.ts';

/** A running server with its clients. */
export interface TestServer extends ServerProcess {
  readonly client: AffinisClient;
  readonly raw: RawClient;
}

export async function startTestServer(options: ServerProcessOptions = {}): Promise<TestServer> {
  const server = await startServerProcess(options);
  const { address } = server;
  const client = createAffinisClient({ address, deadlineMs: 60_000, retry: false });
  const raw = createRawClient(address);
  const { stop } = server;
  return Object.assign(server, {
    client,
    raw,
    stop(signal?: NodeJS.Signals) {
      client.close();
      raw.close();
      return stop(signal);
    },
  });
}

/** One server for the tests of a file or a `describe`; ended whether they pass or fail. */
export function useServer(options: ServerProcessOptions | (() => ServerProcessOptions) = {}): () => TestServer {
  let server: TestServer | undefined;
  beforeAll(async () => {
    server = await startTestServer(typeof options === 'function' ? options() : options);
  });
  afterAll(() => server?.stop('SIGKILL'));
  return () => {
    if (!server) throw new Error('the server did not start');
    return server;
  };
}

/** Runs `work` with a server of its own and ends it, whatever happens. */
export async function withServer<T>(
  options: ServerProcessOptions,
  work: (server: TestServer) => Promise<T>,
): Promise<T> {
  const server = await startTestServer(options);
  try {
    return await work(server);
  } finally {
    await server.stop('SIGKILL');
  }
}

/** Exit code and output of a server that must not come up. */
export async function failedStart(options: ServerProcessOptions): Promise<string> {
  const started = await startServerProcess(options).catch((thrown: Error) => thrown.message);
  if (typeof started === 'string') return started;
  await started.stop('SIGKILL');
  throw new Error('the server started');
}
