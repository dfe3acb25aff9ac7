import type { Backend } from './backend.ts';
import { AffinisError } from './errors.ts';
import type { MetricDefinition } from './metric.ts';
import type { Modality } from './modality.ts';
import type { EmbedderDefinition, Plugin } from './plugin.ts';

/** What the loaded plugins offer, by id. Each lookup throws `failed-precondition` listing the ids there are. */
export interface Registry {
  backend(id: string): Backend;
  modality(id: string): Modality;
  metric(id: string): MetricDefinition;
  embedder(id: string): EmbedderDefinition;
  /** Like `modality`, but undefined where there is none: an embedder written in code may be of any modality. */
  findModality(id: string): Modality | undefined;
  readonly metrics: readonly MetricDefinition[];
  readonly modalities: readonly Modality[];
  readonly embedders: readonly EmbedderDefinition[];
}

export function createRegistry(plugins: readonly Plugin[]): Registry {
  const backends = collect('backend', plugins, (plugin) => plugin.backends);
  const modalities = collect('modality', plugins, (plugin) => plugin.modalities);
  const metrics = collect('metric', plugins, (plugin) => plugin.metrics);
  const embedders = collect('embedder', plugins, (plugin) => plugin.embedders);
  return {
    backend: (id) => lookUp('backend', backends, id),
    modality: (id) => lookUp('modality', modalities, id),
    metric: (id) => lookUp('metric', metrics, id),
    embedder: (id) => lookUp('embedder', embedders, id),
    findModality: (id) => modalities.get(id),
    metrics: [...metrics.values()],
    modalities: [...modalities.values()],
    embedders: [...embedders.values()],
  };
}

function collect<T extends { readonly id: string }>(
  kind: string,
  plugins: readonly Plugin[],
  pick: (plugin: Plugin) => readonly T[] | undefined,
): Map<string, T> {
  const found = new Map<string, T>();
  const owners = new Map<string, string>();
  for (const plugin of plugins)
    for (const item of pick(plugin) ?? []) {
      const owner = owners.get(item.id);
      if (owner !== undefined)
        throw new AffinisError(
          'failed-precondition',
          `[core] ${kind} "${item.id}" comes from both ${owner} and ${plugin.name}; remove one from "plugins"`,
          { field: 'plugins' },
        );
      owners.set(item.id, plugin.name);
      found.set(item.id, item);
    }
  return found;
}

function lookUp<T>(kind: string, found: ReadonlyMap<string, T>, id: string): T {
  const item = found.get(id);
  if (item !== undefined) return item;
  throw new AffinisError(
    'failed-precondition',
    `[core] no ${kind} "${id}"; the loaded plugins offer: ${[...found.keys()].join(', ') || 'none'}`,
    { field: kind },
  );
}
