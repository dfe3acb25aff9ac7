import { resolve } from 'node:path';
import { AffinisError, type PluginControl, type ProcessPluginConfig, type RemotePlugin } from '@affinis/core';
import { createHostedPlugin, type HostedPlugin, type HostedStatus } from './hosted-plugin.ts';
import type { PluginState } from './supervisor.ts';

/** Starts plugin processes, attaches to others, and keeps them running for as long as a configuration names them. */
export interface PluginHost extends PluginControl {
  list(): readonly HostedStatus[];
  /**
   * The plugins of one configuration; those that an earlier one names alike are shared. Resolves once each has been ready
   * or has failed to start for the first time. Throws where two have one name.
   */
  acquire(plugins: readonly ProcessPluginConfig[], folder: string): Promise<PluginSet>;
  close(): Promise<void>;
}

export interface PluginSet {
  /** As they are now: a plugin that is not ready stands there with its problem. */
  plugins(): readonly RemotePlugin[];
  /** Ends the processes that no other set holds. */
  release(): Promise<void>;
}

export interface PluginEvent {
  readonly plugin: string;
  readonly state: PluginState;
  readonly error: AffinisError | undefined;
}

export interface PluginHostOptions {
  readonly logLevel: string;
  /** Command that runs a plugin module in a process of its own; relative paths start from `folder`. */
  moduleCommand(module: string, folder: string): readonly string[];
  onEvent(event: PluginEvent): void;
  onLine(plugin: string, tag: 'out' | 'err', line: string): void;
}

interface Entry {
  readonly key: string;
  readonly name: string;
  readonly hosted: HostedPlugin;
  holders: number;
}

export function createPluginHost(options: PluginHostOptions): PluginHost {
  /** In the order of their first acquisition: of two with one name, the later is the newer configuration's. */
  const entries = new Map<string, Entry>();

  const start = (config: ProcessPluginConfig, folder: string, key: string): Entry => {
    const { name, module } = config;
    const hosted = createHostedPlugin({
      config,
      folder: resolve(folder),
      command: module === undefined ? config.command : options.moduleCommand(module, folder),
      logLevel: options.logLevel,
      onState: (state, error) => options.onEvent({ plugin: name, state, error }),
      onLine: (tag, line) => options.onLine(name, tag, line),
    });
    return { key, name, hosted, holders: 0 };
  };
  const drop = async (entry: Entry) => {
    if (--entry.holders > 0) return;
    entries.delete(entry.key);
    await entry.hosted.close();
  };
  const latest = (): Map<string, Entry> => new Map([...entries.values()].map((entry) => [entry.name, entry]));

  return {
    async acquire(plugins, folder) {
      checkNames(plugins);
      const held = plugins.map((config) => {
        const key = JSON.stringify([folder, config]);
        const entry = entries.get(key) ?? start(config, folder, key);
        entries.set(key, entry);
        entry.holders++;
        return entry;
      });
      // What fails to start is tried again in the background.
      await Promise.all(held.map(({ hosted }) => hosted.firstStart));
      let released: Promise<unknown> | undefined;
      return {
        plugins: () => held.map(({ hosted }) => hosted.remote()),
        release: async () => {
          released ??= Promise.all(held.map(drop));
          await released;
        },
      };
    },
    list: () => [...latest().values()].map(({ hosted }) => hosted.status()),
    async restart(name) {
      const entry = latest().get(name);
      if (entry) return entry.hosted.restart();
      throw new AffinisError(
        'not-found',
        `[plugin-host] no plugin process "${name}"; there are: ${[...latest().keys()].join(', ') || 'none'}`,
        { field: 'name', reason: 'NO_PLUGIN' },
      );
    },
    close: async () => void (await Promise.all([...entries.values()].map(({ hosted }) => hosted.close()))),
  };
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
