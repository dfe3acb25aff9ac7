import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AffinisClientOptions } from '@affinis/client';
import {
  AffinisError,
  type PluginStatus,
  type ProcessPluginConfig,
  type RemoteEmbedderDefinition,
  type RemoteMetricDefinition,
  type RemotePlugin,
} from '@affinis/core';
import type { PluginComponent, PluginFacts } from './handshake.ts';
import { createInstancePool, type InstancePool } from './instance-pool.ts';
import { createRemoteEmbedder } from './remote-embedder.ts';
import { createRemoteMetric } from './remote-metric.ts';
import { startLife } from './start-life.ts';
import { createSupervisor, type PluginState, type Supervisor } from './supervisor.ts';

/** One configured plugin, its supervisor and its instances. */
export interface HostedPlugin {
  /** Settled once its first start has ended, well or not. */
  readonly firstStart: Promise<void>;
  /** As it is now: with its problem where it is not ready. */
  remote(): RemotePlugin;
  status(): HostedStatus;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface HostedStatus extends PluginStatus {
  readonly version: string;
  /** Of its process, while it runs. */
  readonly pid: number | undefined;
}

export interface HostedPluginOptions {
  readonly config: ProcessPluginConfig;
  /** Absolute folder that relative paths start from. */
  readonly folder: string;
  /** What starts it; absent for an attached plugin. */
  readonly command: readonly string[] | undefined;
  readonly logLevel: string;
  onState(state: PluginState, error: AffinisError | undefined): void;
  onLine(tag: 'out' | 'err', line: string): void;
}

interface Known {
  /** Of its first life, or of the last one that was ready. */
  facts: PluginFacts | undefined;
  pid: number | undefined;
}

export function createHostedPlugin({
  config,
  folder,
  command,
  logLevel,
  onState,
  onLine,
}: HostedPluginOptions): HostedPlugin {
  const { name } = config;
  const tls = tlsOf(config, folder);
  const cwd = resolve(folder, config.cwd ?? '.');
  const known: Known = { facts: undefined, pid: undefined };
  const supervisor = createSupervisor({
    config,
    start: async (signal) => {
      const life = await startLife({ config, command, tls, cwd, logLevel, onLine }, signal);
      known.facts = life.facts;
      known.pid = life.process?.pid;
      return life;
    },
    onChange: onState,
  });
  const instances = createInstancePool(supervisor, config);
  return {
    firstStart: supervisor.firstStart,
    remote: () => {
      const { facts } = known;
      if (facts && supervisor.state !== 'failed') return remoteOf(config, supervisor, instances, facts);
      return { name, embedders: [], metrics: [], problem: supervisor.lastError ?? notReady(name) };
    },
    status: () => ({
      name,
      kind: config.address === undefined ? 'process' : 'remote',
      state: supervisor.state,
      version: known.facts?.version ?? '',
      components: known.facts?.components ?? [],
      restarts: supervisor.restarts,
      pid: supervisor.state === 'running' ? known.pid : undefined,
      ...(supervisor.lastError ? { lastError: supervisor.lastError.message } : {}),
    }),
    restart: () => supervisor.restart(),
    close: () => supervisor.close(),
  };
}

function remoteOf(
  config: ProcessPluginConfig,
  supervisor: Supervisor,
  instances: InstancePool,
  { components }: PluginFacts,
): RemotePlugin {
  return {
    name: config.name,
    embedders: components.filter(isEmbedder).map(
      (component): RemoteEmbedderDefinition => ({
        ...component,
        create: async (given) =>
          createRemoteEmbedder({
            id: component.id,
            config,
            supervisor,
            ...(await instances.embedder(component, given)),
          }),
      }),
    ),
    metrics: components.filter(isMetric).map(
      (component): RemoteMetricDefinition => ({
        ...component,
        needsParameters: needsParameters(component),
        create: async (given) =>
          createRemoteMetric({ id: component.id, config, supervisor, ...(await instances.metric(component, given)) }),
      }),
    ),
  };
}

const isEmbedder = ({ kind }: PluginComponent) => kind === 'embedder';
const isMetric = ({ kind }: PluginComponent) => kind === 'metric';

const needsParameters = ({ schema }: PluginComponent): boolean =>
  Array.isArray(schema.required) && schema.required.length > 0;

/** Throws where an address beyond this machine comes without certificates, or a certificate cannot be read. */
function tlsOf({ name, address, tls }: ProcessPluginConfig, folder: string): AffinisClientOptions['tls'] {
  if (address === undefined) return undefined;
  const local = /^(unix:|(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$)/.test(address);
  if (!tls && !local)
    throw new AffinisError(
      'failed-precondition',
      `[plugin-host] plugin "${name}" at ${address} is beyond this machine, and is dialled with certificates only; set "tls" with ca, cert and key`,
      { field: 'plugins', reason: 'PLUGIN_WITHOUT_TLS' },
    );
  if (!tls) return undefined;
  const read = (file: string) => {
    try {
      return readFileSync(resolve(folder, file));
    } catch (cause) {
      throw new AffinisError(
        'failed-precondition',
        `[plugin-host] plugin "${name}": ${file} cannot be read; check "tls"`,
        { field: 'plugins', cause },
      );
    }
  };
  return {
    rootCertificates: read(tls.ca),
    certificateChain: read(tls.cert),
    privateKey: read(tls.key),
    ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
  };
}

const notReady = (name: string) =>
  new AffinisError('unavailable', `[plugin-host] plugin "${name}" is not ready; it is being started`, {
    reason: 'PLUGIN_NOT_READY',
    retryAfterMs: 1000,
  });
