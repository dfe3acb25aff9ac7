import type { EmbedderDescription, ProcessPluginConfig } from '@affinis/core';
import { callPlugin } from './call-plugin.ts';
import type { PluginComponent } from './handshake.ts';
import { type Config, type MetricFacts, openEmbedder, openMetric, type PluginInstance } from './plugin-instance.ts';
import type { Supervisor } from './supervisor.ts';

/** Instances of a plugin's components, one a configuration: two states of the server that agree share theirs. */
export interface InstancePool {
  embedder(component: PluginComponent, config: Config): Promise<Held<EmbedderDescription>>;
  metric(component: PluginComponent, config: Config): Promise<Held<MetricFacts>>;
}

export interface Held<Description> {
  readonly instance: PluginInstance<Description>;
  /** The last one's release disposes of the instance. */
  release(): Promise<void>;
}

/** Configuring may load a model. */
const configureMs = 60_000;

export function createInstancePool(supervisor: Supervisor, plugin: ProcessPluginConfig): InstancePool {
  return { embedder: sharing(supervisor, plugin, openEmbedder), metric: sharing(supervisor, plugin, openMetric) };
}

type Open<Description> = (
  component: PluginComponent,
  config: Config,
  ...where: Parameters<typeof openMetric> extends [unknown, unknown, ...infer Rest] ? Rest : never
) => Promise<PluginInstance<Description>>;

function sharing<Description>(supervisor: Supervisor, plugin: ProcessPluginConfig, open: Open<Description>) {
  const shared = new Map<string, { readonly opening: Promise<PluginInstance<Description>>; holders: number }>();
  return async (component: PluginComponent, config: Config): Promise<Held<Description>> => {
    const key = JSON.stringify([component.id, config]);
    const entry = shared.get(key) ?? {
      opening: callPlugin(supervisor, plugin, {
        deadline: performance.now() + configureMs,
        ask: (life, limits) => open(component, config, life, limits),
      }),
      holders: 0,
    };
    shared.set(key, entry);
    entry.holders++;
    let released = false;
    const release = async () => {
      if (released) return;
      released = true;
      if (--entry.holders > 0) return;
      shared.delete(key);
      const instance = await entry.opening.catch(() => undefined);
      await instance?.dispose(supervisor.state === 'running' ? await supervisor.life() : undefined);
    };
    try {
      return { instance: await entry.opening, release };
    } catch (thrown) {
      await release();
      throw thrown;
    }
  };
}
