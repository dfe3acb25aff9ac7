import { type AffinisError, createModulePlugins, joinPluginControls, type Runtime } from '@affinis/core';
import type { PluginEvent } from '@affinis/plugin-host';
import { type Logger, pino } from 'pino';
import { openGalleries } from './cli/open-galleries.ts';
import { composePluginHost, composeRuntime, type LoadedConfig } from './composition.ts';
import { accessFiles, readAccess } from './grpc/access.ts';
import type { Port } from './grpc/port.ts';
import { startAdmin } from './grpc/start-admin.ts';
import { startServer } from './grpc/start-server.ts';
import type { ConfigSource } from './live/config-source.ts';
import { type Accesses, createReloader, type Reloader } from './live/reloader.ts';
import { createServing } from './live/serving.ts';
import { watchFiles } from './live/watch-files.ts';

/** A server that follows its configuration. */
export interface RunningServer {
  readonly log: Logger;
  /** Reads the configuration again; what is wrong with it is logged, and nothing has changed then. */
  reload(): Promise<void>;
  /** Drains the ports and closes everything. */
  stop(): Promise<void>;
}

/** Starts what a configuration says; throws, with everything closed again, where that cannot be. */
export async function runServer(source: ConfigSource): Promise<RunningServer> {
  const closers: (() => void | Promise<void>)[] = [];
  const closeAll = async () => {
    for (let close = closers.pop(); close; close = closers.pop()) await close();
  };
  try {
    return await start(source, closers, closeAll);
  } catch (thrown) {
    await closeAll();
    throw thrown;
  }
}

async function start(
  source: ConfigSource,
  closers: (() => void | Promise<void>)[],
  closeAll: () => Promise<void>,
): Promise<RunningServer> {
  const loaded = await source.read();
  const log = pino({ level: loaded.config.server.logLevel, base: { name: 'affinis' } });
  const accesses = readAccesses(loaded);
  let onPlugin: (event: PluginEvent) => void = () => undefined;
  const host = composePluginHost(loaded.config, {
    onEvent: (event) => {
      logPlugin(log, event);
      onPlugin(event);
    },
    onLine: (plugin, tag, line) => log.debug({ plugin, tag, line }, 'plugin output'),
  });
  closers.push(() => host.close());
  const build = (next: LoadedConfig, unloaded: ReadonlySet<string>, previous?: Runtime) =>
    composeRuntime(next, { unloaded, host, onWorkerEvent: (event) => log.warn(event, 'worker thread') }, previous);
  const first = await build(loaded, new Set());
  const serving = createServing(first, (thrown) =>
    log.error({ cause: String(thrown) }, 'a former state did not close'),
  );
  closers.push(() => serving.close());
  const galleries = await openGalleries(loaded, () => serving.current.pipelines);
  closers.push(() => galleries.close());

  const ports: Port[] = [];
  closers.push(async () => {
    await Promise.all(ports.map((port) => port.stop()));
  });
  const reloader = createReloader({
    source,
    first: loaded,
    accesses,
    serving,
    log,
    build,
    readAccesses,
    onSwap(runtime, { server, admin }) {
      log.level = runtime.config.server.logLevel;
      ports[0]?.admit(server);
      if (admin) ports[1]?.admit(admin);
      for (const port of ports) port.show(runtime.pipelines);
    },
  });
  ports.push(await startServer({ serving, galleries, access: accesses.server }, log));
  if (accesses.admin) {
    const plugins = joinPluginControls(
      host,
      createModulePlugins(() => serving.current.plugins),
    );
    ports.push(await startAdmin({ serving, reloader, plugins, access: accesses.admin }, log));
  }

  const reload = () => reloader.reload().then(follow, (error: AffinisError) => logRefusal(log, error));
  const watch = watchFiles({
    paths: watchedFiles(source, reloader),
    onChange: () => void reload(),
    onBlind: (folder, cause) =>
      log.warn({ folder, cause: String(cause) }, 'not watched: reload by SIGHUP or affinis admin reload'),
  });
  closers.push(() => watch.close());
  /** Certificates may lie elsewhere now. */
  function follow() {
    watch.follow(watchedFiles(source, reloader));
  }
  onPlugin = ({ state }) => {
    // What needs the plugin is unavailable from now on, or available again.
    if (state === 'failed' || (state === 'running' && missesPlugins(serving.current)))
      reloader.refresh().catch((error: AffinisError) => logRefusal(log, error));
  };
  closers.push(() => {
    onPlugin = () => undefined;
  });
  logReady(log, ports, first);
  return { log, reload, stop: closeAll };
}

/** Whether something stands in for a plugin that was not there. */
const missesPlugins = ({ embedders, metrics }: Runtime): boolean =>
  [...metrics.values()].some(({ problem }) => problem !== undefined) ||
  [...embedders.values()].some(({ state }) => !state.available && state.error.reason?.startsWith('PLUGIN_'));

function logPlugin(log: Logger, { plugin, state, error }: PluginEvent): void {
  const lines = error?.cause instanceof Error ? { cause: error.cause.message } : {};
  if (error) log.warn({ plugin, state, problem: error.message, ...lines }, 'plugin');
  else log.info({ plugin, state }, 'plugin');
}

function readAccesses({ config, folder }: LoadedConfig): Accesses {
  const { server, admin } = config;
  return { server: readAccess('server', server, folder), admin: admin && readAccess('admin', admin, folder) };
}

function watchedFiles({ path }: ConfigSource, { loaded: { config, folder } }: Reloader): string[] {
  return [path, ...accessFiles(config.server, folder), ...accessFiles(config.admin ?? {}, folder)];
}

function logRefusal(log: Logger, { message, field, reason, code, cause }: AffinisError): void {
  const more = code === 'internal' && cause instanceof Error ? { cause: cause.stack } : {};
  log.error({ problem: message, field, reason, ...more }, 'configuration refused; the one before goes on serving');
}

function logReady(log: Logger, [main, admin]: readonly Port[], { pipelines }: Runtime): void {
  for (const { name, state } of pipelines.values())
    if (!state.available) log.warn({ pipeline: name, reason: state.reason }, 'pipeline unavailable');
  const addressOf = (port: Port | undefined) => (port ? `${port.host}:${port.port}` : undefined);
  log.info(
    {
      address: addressOf(main),
      admin: addressOf(admin),
      pipelines: [...pipelines.values()].filter(({ state }) => state.available).map(({ name }) => name),
    },
    'ready',
  );
}
