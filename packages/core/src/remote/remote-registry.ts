import { AffinisError } from '../errors.ts';
import type { Registry } from '../registry.ts';
import type { RemoteEmbedderDefinition, RemoteMetricDefinition, RemotePlugin } from './remote-plugin.ts';

/** What the plugins outside this process offer, by id. */
export interface RemoteRegistry {
  embedder(id: string): RemoteEmbedderDefinition | undefined;
  metric(id: string): RemoteMetricDefinition | undefined;
  readonly metrics: readonly RemoteMetricDefinition[];
  /** Why an id that nobody offers may be one of a plugin that is not there now; undefined where all are. */
  readonly problem: AffinisError | undefined;
}

/** Throws `failed-precondition` where two plugins offer one id, or a plugin one of this process's. */
export function createRemoteRegistry(plugins: readonly RemotePlugin[], local: Registry): RemoteRegistry {
  const offers = <T extends { readonly id: string }>(
    kind: string,
    pick: (plugin: RemotePlugin) => readonly T[],
    isLocal: (id: string) => boolean,
  ) => {
    const found = new Map<string, T>();
    const owners = new Map<string, string>();
    for (const plugin of plugins)
      for (const item of pick(plugin)) {
        const owner = owners.get(item.id) ?? (isLocal(item.id) ? 'a module' : undefined);
        if (owner !== undefined)
          throw new AffinisError(
            'failed-precondition',
            `[core] ${kind} "${item.id}" comes from both ${owner} and the process ${plugin.name}; remove one from "plugins"`,
            { field: 'plugins' },
          );
        owners.set(item.id, plugin.name);
        found.set(item.id, item);
      }
    return found;
  };
  const embedders = offers(
    'embedder',
    (plugin) => plugin.embedders,
    (id) => local.embedders.some((embedder) => embedder.id === id),
  );
  const metrics = offers(
    'metric',
    (plugin) => plugin.metrics,
    (id) => local.metrics.some((metric) => metric.id === id),
  );
  return {
    embedder: (id) => embedders.get(id),
    metric: (id) => metrics.get(id),
    metrics: [...metrics.values()],
    problem: plugins.find(({ problem }) => problem)?.problem,
  };
}
