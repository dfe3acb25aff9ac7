import { type AffinisClientOptions, createGrpcTransport, settingsOf, type Transport } from '@affinis/client';
import { health, pluginV1 } from '@affinis/contracts';
import { AffinisError, type ProcessPluginConfig } from '@affinis/core';
import { handshake, maxMessageBytes } from './handshake.ts';
import type { PluginLife } from './plugin-life.ts';
import { launchPlugin, type PluginProcess } from './plugin-process.ts';

export interface LifeOptions {
  readonly config: ProcessPluginConfig;
  /** Absent for an attached plugin. */
  readonly command: readonly string[] | undefined;
  /** Certificates' contents, for an attached plugin. */
  readonly tls: AffinisClientOptions['tls'];
  readonly cwd: string;
  readonly logLevel: string;
  onLine(tag: 'out' | 'err', line: string): void;
}

const pollMs = 25;
/** What a plugin gets to end by itself; the contract says five seconds. */
const stopGraceMs = 5000;

/** Starts or dials the plugin and waits until it is ready. Throws what kept it from that; nothing is left behind then. */
export async function startLife(options: LifeOptions, signal: AbortSignal): Promise<PluginLife> {
  const { config, command } = options;
  const process = command && launchPlugin({ ...options, command });
  const transport = connect(options, process?.endpoint ?? config.address ?? '');
  const limits = { deadline: new Date(Date.now() + config.startTimeoutMs) };
  let lost: ((why: AffinisError) => void) | undefined;
  const left = new Promise<AffinisError>((resolve) => {
    lost = resolve;
  });
  const ended = process?.ended ?? left;
  let over = false;
  void ended.then(() => {
    over = true;
    transport.close();
  });
  const giveUp = () =>
    process ? process.kill('was given up while it started') : lost?.(detached(config, 'was given up'));
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await Promise.race([
      ready(transport, config, limits.deadline, () => over),
      ended.then((error) => {
        throw error;
      }),
    ]);
    const facts = await handshake(config.name, transport, limits);
    return {
      facts,
      transport,
      process,
      ended,
      alive: (timeoutMs) => answersHealth(transport, timeoutMs),
      abandon: (why) => (process ? process.kill(why) : lost?.(detached(config, why))),
      stop: () => stop(transport, process),
    };
  } catch (thrown) {
    process?.kill('was not ready in time');
    await process?.ended;
    transport.close();
    throw thrown;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function connect({ tls }: LifeOptions, address: string): Transport {
  return createGrpcTransport(settingsOf({ address, maxMessageBytes, retry: false, ...(tls ? { tls } : {}) }));
}

/** Polls: the channel reconnects by itself, and until the socket is bound there is nothing to listen to. */
async function ready(
  transport: Transport,
  { name, address, startTimeoutMs }: ProcessPluginConfig,
  deadline: Date,
  isOver: () => boolean,
): Promise<void> {
  let last: unknown;
  while (!isOver() && Date.now() < deadline.getTime()) {
    try {
      const { status } = await transport.unary(health.HealthService.check, { service: '' }, { deadline });
      if (status === health.HealthCheckResponse_ServingStatus.SERVING) return;
      last = new Error('it says that it is not serving');
    } catch (thrown) {
      last = thrown;
      if (AffinisError.from(thrown).code === 'unimplemented') throw noHealth(name);
      // Nobody starts an attached plugin: waiting is for the supervisor, between attempts.
      if (address !== undefined) throw unreachable(name, address, thrown);
    }
    await new Promise((done) => setTimeout(done, pollMs));
  }
  throw new AffinisError(
    'unavailable',
    `[plugin-host] plugin "${name}" was not ready within ${startTimeoutMs} ms; look at its output, or raise startTimeoutMs`,
    { reason: 'PLUGIN_NOT_READY', cause: last },
  );
}

async function answersHealth(transport: Transport, timeoutMs: number): Promise<boolean> {
  const deadline = new Date(Date.now() + timeoutMs);
  return transport.unary(health.HealthService.check, { service: '' }, { deadline }).then(
    () => true,
    () => false,
  );
}

async function stop(transport: Transport, process: PluginProcess | undefined): Promise<void> {
  if (!process) return transport.close();
  const deadline = new Date(Date.now() + stopGraceMs);
  await transport.unary(pluginV1.PluginService.shutdown, {}, { deadline }).catch(() => undefined);
  await process.stop(stopGraceMs);
}

const detached = ({ name, address }: ProcessPluginConfig, why: string) =>
  new AffinisError('unavailable', `[plugin-host] plugin "${name}" at ${address} ${why}; it is dialled again`, {
    reason: 'PLUGIN_LOST',
    retryAfterMs: 1000,
  });

const unreachable = (name: string, address: string, cause: unknown) =>
  new AffinisError(
    'unavailable',
    `[plugin-host] plugin "${name}" does not answer at ${address}: ${AffinisError.from(cause).message}; start it there, or check address and certificates`,
    { reason: 'PLUGIN_UNREACHABLE', cause },
  );

const noHealth = (name: string) =>
  new AffinisError(
    'failed-precondition',
    `[plugin-host] plugin "${name}" has no grpc.health.v1 service; serve one (rule L4 of docs/plugin-contract.md)`,
    { field: 'plugins', reason: 'PLUGIN_INCOMPATIBLE' },
  );
