import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AffinisClientOptions } from '@affinis/client';
import {
  AffinisError,
  type ProcessPluginConfig,
  type RemoteEmbedderDefinition,
  type RemoteMetricDefinition,
  type RemotePlugin,
} from '@affinis/core';
import { callPlugin } from './call-plugin.ts';
import type { PluginComponent, PluginFacts } from './handshake.ts';
import { openEmbedder, openMetric } from './plugin-instance.ts';
import { createRemoteEmbedder } from './remote-embedder.ts';
import { createRemoteMetric } from './remote-metric.ts';
import { startLife } from './start-life.ts';
import { createSupervisor, type PluginState, type Supervisor } from './supervisor.ts';

/** Starts plugin processes, attaches to others, and keeps them running. */
export interface PluginHost {
  /** As they are now: a plugin that is not ready stands there with its problem. */
  plugins(): readonly RemotePlugin[];
  statuses(): readonly PluginStatus[];
  /** Throws `not-found` for a name that is not there, and what keeps the plugin from starting. */
  restart(name: string): Promise<void>;
  close(): Promise<void>;
}

export interface PluginStatus {
  readonly name: string;
  readonly kind: 'process' | 'attached';
  readonly state: PluginState;
  readonly version: string;
  readonly components: readonly Pick<PluginComponent, 'kind' | 'id' | 'description'>[];
  readonly restarts: number;
  readonly pid: number | undefined;
  /** Why it was lost or could not be started the last time. */
  readonly lastError: string | undefined;
}

export interface PluginEvent {
  readonly plugin: string;
  readonly state: PluginState;
  readonly error: AffinisError | undefined;
}

export interface PluginHostOptions {
  readonly plugins: readonly ProcessPluginConfig[];
  /** Absolute folder that relative paths start from. */
  readonly folder: string;
  readonly logLevel: string;
  /** Command that runs a plugin module in a process of its own. */
  moduleCommand(module: string): readonly string[];
  onEvent(event: PluginEvent): void;
  onLine(plugin: string, tag: 'out' | 'err', line: string): void;
}

interface Hosted {
  readonly config: ProcessPluginConfig;
  readonly supervisor: Supervisor;
  /** Of its first life, or of the last one that was ready. */
  facts: PluginFacts | undefined;
  /** Of the present life. */
  pid: number | undefined;
}

/** Resolves once every plugin has been ready or has failed to start for the first time. */
export async function createPluginHost(options: PluginHostOptions): Promise<PluginHost> {
  checkNames(options.plugins);
  const hosted = new Map(options.plugins.map((config) => [config.name, host(config, options)]));
  // What fails to start is tried again in the background.
  await Promise.all([...hosted.values()].map(({ supervisor }) => supervisor.firstStart));
  return {
    plugins: () => [...hosted.values()].map(remotePluginOf),
    statuses: () => [...hosted.values()].map(statusOf),
    async restart(name) {
      const found = hosted.get(name);
      if (!found)
        throw new AffinisError(
          'not-found',
          `[plugin-host] no plugin process "${name}"; there are: ${[...hosted.keys()].join(', ') || 'none'}`,
          { field: 'name' },
        );
      await found.supervisor.restart();
    },
    close: async () => void (await Promise.all([...hosted.values()].map(({ supervisor }) => supervisor.close()))),
  };
}

function host(config: ProcessPluginConfig, options: PluginHostOptions): Hosted {
  const tls = tlsOf(config, options.folder);
  const command = config.module === undefined ? config.command : options.moduleCommand(config.module);
  const cwd = resolve(options.folder, config.cwd ?? '.');
  const { logLevel } = options;
  const onLine = (tag: 'out' | 'err', line: string) => options.onLine(config.name, tag, line);
  const entry: Hosted = {
    config,
    facts: undefined,
    pid: undefined,
    supervisor: createSupervisor({
      config,
      start: async (signal) => {
        const life = await startLife({ config, command, tls, cwd, logLevel, onLine }, signal);
        entry.facts = life.facts;
        entry.pid = life.process?.pid;
        return life;
      },
      onChange: (state, error) => options.onEvent({ plugin: config.name, state, error }),
    }),
  };
  return entry;
}

function checkNames(plugins: readonly ProcessPluginConfig[]): void {
  const names = plugins.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined)
    throw new AffinisError('invalid-argument', `[plugin-host] two plugins have the name "${twice}"; rename one`, {
      field: 'plugins',
      reason: 'DUPLICATE_PLUGIN',
    });
}

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
        {
          field: 'plugins',
          cause,
        },
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

const createDeadlineMs = 60_000;

function remotePluginOf({ config, supervisor, facts }: Hosted): RemotePlugin {
  const { name } = config;
  const { state, lastError } = supervisor;
  if (!facts || state === 'failed') return { name, embedders: [], metrics: [], problem: lastError ?? notReady(name) };
  const create = <T>(ask: Parameters<typeof callPlugin<T>>[2]['ask']) =>
    callPlugin<T>(supervisor, config, { deadline: performance.now() + createDeadlineMs, ask });
  return {
    name,
    embedders: facts.components.filter(isEmbedder).map(
      (component): RemoteEmbedderDefinition => ({
        ...component,
        create: async (given) => {
          const instance = await create((life, limits) => openEmbedder(component, given, life, limits));
          return createRemoteEmbedder({ id: component.id, config, supervisor, instance });
        },
      }),
    ),
    metrics: facts.components.filter(isMetric).map(
      (component): RemoteMetricDefinition => ({
        ...component,
        needsParameters: needsParameters(component),
        create: async (given) => {
          const instance = await create((life, limits) => openMetric(component, given, life, limits));
          return createRemoteMetric({ id: component.id, config, supervisor, instance });
        },
      }),
    ),
  };
}

const isEmbedder = ({ kind }: PluginComponent) => kind === 'embedder';
const isMetric = ({ kind }: PluginComponent) => kind === 'metric';

const needsParameters = ({ schema }: PluginComponent): boolean =>
  Array.isArray(schema.required) && schema.required.length > 0;

function statusOf({ config, supervisor, facts, pid }: Hosted): PluginStatus {
  const { state, restarts, lastError } = supervisor;
  return {
    name: config.name,
    kind: config.address === undefined ? 'process' : 'attached',
    state,
    version: facts?.version ?? '',
    components: facts?.components ?? [],
    restarts,
    pid: state === 'ready' ? pid : undefined,
    lastError: lastError?.message,
  };
}

const notReady = (name: string) =>
  new AffinisError('unavailable', `[plugin-host] plugin "${name}" is not ready; it is being started`, {
    reason: 'PLUGIN_NOT_READY',
    retryAfterMs: 1000,
  });
