import {
  AffinisError,
  type Embedder,
  type EmbedderDefinition,
  type Metric,
  type MetricDefinition,
  type Plugin,
  parseParameters,
  specifyMetric,
} from '@affinis/core';
import type { Metadata } from '@grpc/grpc-js';

export type Component =
  | { readonly kind: 'embedder'; readonly definition: EmbedderDefinition }
  | { readonly kind: 'metric'; readonly definition: MetricDefinition };

export type Instance =
  | { readonly kind: 'embedder'; readonly definition: EmbedderDefinition; readonly embedder: Embedder }
  | { readonly kind: 'metric'; readonly definition: MetricDefinition; readonly metric: Metric };

/** The plugin's components, and the configured instances of them by id. */
export interface Instances {
  readonly components: readonly Component[];
  /** Throws `not-found`. */
  component(kind: Component['kind'], id: string): Component;
  /** Makes an instance without keeping it. Throws `invalid-argument` naming the field that is wrong. */
  make(component: Component, config: unknown): Promise<Instance>;
  keep(instance: Instance): string;
  /** Throws `not-found`. */
  get(id: string): Instance;
  /** The instance that a call names in its metadata; throws `not-found` where it is none of that kind. */
  of<K extends Instance['kind']>(metadata: Metadata, kind: K): Extract<Instance, { kind: K }>;
  dispose(id: string): Promise<void>;
  close(): Promise<void>;
}

export function createInstances({ name, embedders = [], metrics = [] }: Plugin): Instances {
  const components: Component[] = [
    ...embedders.map((definition) => ({ kind: 'embedder' as const, definition })),
    ...metrics.map((definition) => ({ kind: 'metric' as const, definition })),
  ];
  const kept = new Map<string, Instance>();
  let made = 0;
  const get = (id: string): Instance => {
    const instance = kept.get(id);
    if (instance) return instance;
    throw new AffinisError('not-found', `[plugin] no instance "${id}"; call Configure first`, {
      field: 'instance_id',
      reason: 'NO_INSTANCE',
    });
  };
  const dispose = async (id: string) => {
    const instance = kept.get(id);
    kept.delete(id);
    await disposeOf(instance);
  };
  return {
    components,
    component(kind, id) {
      const found = components.find((component) => component.kind === kind && component.definition.id === id);
      if (found) return found;
      const offered = components.map((each) => `${each.kind} ${each.definition.id}`).join(', ');
      throw new AffinisError('not-found', `[plugin] ${name} offers no ${kind} "${id}"; it offers: ${offered}`, {
        field: 'id',
      });
    },
    async make(component, config) {
      const { definition } = component;
      const parameters = parseParameters<unknown>(definition.parameters, config, `"${definition.id}"`, '');
      if (component.kind === 'embedder')
        return { ...component, embedder: await component.definition.create(parameters) };
      if (component.definition.wraps)
        throw new AffinisError(
          'failed-precondition',
          `[plugin] metric "${definition.id}" wraps others and works inside the server only; name ${name} as a module`,
        );
      // Files that parameters name lie in the process's own folder.
      const { parameters: found } = specifyMetric(
        component.definition,
        config as Record<string, unknown>,
        process.cwd(),
      );
      const parsed = parseParameters<unknown>(definition.parameters, found, `"${definition.id}"`, '');
      return { ...component, metric: component.definition.create(parsed) };
    },
    keep(instance) {
      const id = `${instance.definition.id}-${++made}`;
      kept.set(id, instance);
      return id;
    },
    get,
    of<K extends Instance['kind']>(metadata: Metadata, kind: K) {
      const instance = get(String(metadata.get('affinis-instance')[0] ?? ''));
      if (instance.kind === kind) return instance as Extract<Instance, { kind: K }>;
      throw new AffinisError('not-found', `[plugin] the instance is no ${kind}; name one of that kind`, {
        reason: 'NO_INSTANCE',
      });
    },
    dispose,
    close: async () => void (await Promise.all([...kept.keys()].map(dispose))),
  };
}

export async function disposeOf(instance: Instance | undefined): Promise<void> {
  if (instance?.kind === 'embedder') await instance.embedder.dispose?.();
}
