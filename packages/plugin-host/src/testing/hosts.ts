import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { processPluginSchema, type RemoteEmbedder, type RemoteMetric, type RemotePlugin } from '@affinis/core';
import type { HostedStatus } from '../hosted-plugin.ts';
import { createPluginHost, type PluginEvent, type PluginHost } from '../plugin-host.ts';

const here = dirname(fileURLToPath(import.meta.url));
export const lettersModule = pathToFileURL(join(here, 'letters-plugin.mjs')).href;

/** Runs a module as the server does. */
export const moduleCommand = (module: string): readonly string[] => [
  process.execPath,
  createRequire(import.meta.url).resolve('@affinis/plugin-sdk/serve-module'),
  module,
];

export interface TestHost {
  readonly host: PluginHost;
  plugin(): RemotePlugin | undefined;
  status(): HostedStatus | undefined;
  readonly events: readonly PluginEvent[];
  readonly lines: readonly string[];
  embedder(options?: object): Promise<RemoteEmbedder>;
  metric(id: string, parameters?: object): Promise<RemoteMetric>;
}

/** Hosts one plugin, by default the letters, for as long as `use` takes. */
export async function withPlugin(config: object, use: (host: TestHost) => Promise<void>): Promise<void> {
  const events: PluginEvent[] = [];
  const lines: string[] = [];
  const whole = {
    name: 'letters',
    ...('command' in config || 'address' in config ? {} : { module: lettersModule }),
    ...config,
  };
  const host = createPluginHost({
    logLevel: 'info',
    moduleCommand,
    onEvent: (event) => events.push(event),
    onLine: (_, tag, line) => lines.push(`${tag} ${line}`),
  });
  try {
    const set = await host.acquire([processPluginSchema.parse(whole)], here);
    const offered = () => set.plugins()[0];
    await use({
      host,
      plugin: offered,
      status: () => host.list()[0],
      events,
      lines,
      embedder: (options = {}) => found(offered()?.embedders[0]).create({ ...options }),
      metric: (id, parameters = {}) =>
        found(offered()?.metrics.find((metric) => metric.id === id)).create({ ...parameters }),
    });
  } finally {
    await host.close();
  }
}

function found<T>(item: T | undefined): T {
  if (item === undefined) throw new Error('the plugin offers no such thing');
  return item;
}
