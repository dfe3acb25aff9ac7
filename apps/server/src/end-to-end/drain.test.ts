import { connect } from 'node:net';
import { v1 } from '@affinis/contracts';
import { obedientConfig } from '../testing/obedient.ts';
import { errorOf } from '../testing/results.ts';
import { text } from '../testing/samples.ts';
import { startTestServer, type TestServer } from '../testing/use-server.ts';

/** Runs `work` with a server that `work` stops; kills it where it does not. */
async function withDraining(config: string, work: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startTestServer({ config: obedientConfig(config) });
  try {
    await work(server);
  } finally {
    await server.stop('SIGKILL');
  }
}

const embed = ({ raw }: TestServer, value: string) =>
  raw.unary(v1.EmbedderService.embed, {
    embedder: 'toy',
    items: [{ id: '', sample: { content: { $case: 'text' as const, value } } }],
  });

/** Signals without closing the clients. */
const signal = ({ pid }: TestServer, name: NodeJS.Signals) => process.kill(pid, name);

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((done) => setTimeout(done, 10));
};
const drains = (server: TestServer) => until(() => server.log.some(({ msg }) => msg === 'draining'));

describe('SIGTERM', () => {
  it('finishes the call in flight, refuses new ones, says NOT_SERVING, and ends with 0', async () => {
    await withDraining('server: { drainMs: 5000, logLevel: debug }', async (server) => {
      const states: string[] = [];
      const watching = (async () => {
        for await (const state of server.client.watch('pipelines/toy')) states.push(state);
      })().catch(() => undefined);
      await until(() => states.length > 0);
      const inFlight = embed(server, 'sleep 600');
      await new Promise((done) => setTimeout(done, 150));
      signal(server, 'SIGTERM');
      await drains(server);
      const refused = await errorOf(server.client.embed([text('a')], { embedder: 'toy' }));
      expect(refused.code).toBe('unavailable');
      expect((await inFlight).results).toMatchObject([{ embedding: { space: 'obedient@1/0' } }]);
      expect(await server.stop()).toBe(0);
      await watching;
      expect(states).toEqual(['serving', 'not-serving']);
      expect(server.log.at(-1)).toMatchObject({ msg: 'stopped' });
    });
  });

  it('lets a stream finish what it has begun', async () => {
    await withDraining('server: { drainMs: 5000 }', async (server) => {
      const ids = ['1', '2', '3'];
      async function* items() {
        for (const id of ids) yield { id, sample: text('sleep 150') };
        await drains(server);
        yield { id: 'last', sample: text('a') };
      }
      const results = new Map<string, boolean>();
      for await (const { id, result } of server.client.embedStream(items(), { embedder: 'toy' })) {
        if (results.size === 0) signal(server, 'SIGTERM');
        results.set(id, result.ok);
      }
      expect([...results].sort()).toEqual([...ids, 'last'].map((id) => [id, true]));
      expect(await server.stop()).toBe(0);
    });
  });

  it.each<[string, (server: TestServer) => void]>([
    [
      'an open stream that is idle',
      ({ raw }) => raw.duplex(v1.EmbedderService.embedStream).on('error', () => undefined),
    ],
    ['a peer that sends nothing', ({ address }) => silentPeer(address)],
    [
      'both',
      ({ raw, address }) => {
        raw.duplex(v1.EmbedderService.embedStream).on('error', () => undefined);
        silentPeer(address);
      },
    ],
  ])('ends within drainMs despite %s', async (_, disturb) => {
    await withDraining('server: { drainMs: 700 }', async (server) => {
      disturb(server);
      await server.client.health();
      const started = performance.now();
      signal(server, 'SIGTERM');
      expect(await server.stop()).toBe(0);
      expect(performance.now() - started).toBeLessThan(2500);
    });
  });

  it('twice, or SIGINT after it, changes nothing', async () => {
    await withDraining('server: { drainMs: 3000 }', async (server) => {
      const inFlight = embed(server, 'sleep 400');
      await new Promise((done) => setTimeout(done, 100));
      for (const name of ['SIGTERM', 'SIGTERM', 'SIGINT'] as const) signal(server, name);
      expect((await inFlight).results).toMatchObject([{ embedding: { space: 'obedient@1/0' } }]);
      expect(await server.stop()).toBe(0);
    });
  });
});

function silentPeer(address: string): void {
  const [host = '', port] = address.split(':');
  connect({ host, port: Number(port) }).on('error', () => undefined);
}
