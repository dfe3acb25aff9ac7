import { AffinisError } from './errors.ts';
import type { Plugin } from './plugin.ts';

/** How a plugin runs and how it fares, for operators. */
export interface PluginStatus {
  readonly name: string;
  /** `module`: inside this process; `process`: started by it; `remote`: dialled where it runs. */
  readonly kind: 'module' | 'process' | 'remote';
  /** `waiting`: it was lost and is started again soon. `failed`: it stays down until it is restarted by hand. */
  readonly state: 'running' | 'starting' | 'waiting' | 'failed' | 'stopped';
  readonly components: readonly PluginOffer[];
  /** Since this server started. */
  readonly restarts: number;
  /** Why it ended last; absent where it never has. */
  readonly lastError?: string;
}

export interface PluginOffer {
  readonly kind: 'embedder' | 'metric' | 'modality' | 'backend';
  readonly id: string;
  readonly description?: string;
}

/** What an operator sees of plugins and may do to them. */
export interface PluginControl {
  list(): readonly PluginStatus[];
  /** Resolves when it serves again. Throws `not-found`, or `failed-precondition` for what cannot be restarted. */
  restart(name: string): Promise<void>;
}

/** The plugins that are modules, as `current` has them. */
export function createModulePlugins(current: () => readonly Plugin[]): PluginControl {
  return {
    list: () => current().map(statusOf),
    async restart(name) {
      const names = current().map((plugin) => plugin.name);
      if (!names.includes(name))
        throw new AffinisError('not-found', `[core] no plugin "${name}"; there are: ${names.join(', ')}`, {
          field: 'name',
          reason: 'NO_PLUGIN',
        });
      throw new AffinisError(
        'failed-precondition',
        `[core] plugin "${name}" is a module of this process and cannot be restarted alone; restart the server`,
        { field: 'name', reason: 'MODULE_PLUGIN' },
      );
    },
  };
}

/** Asks `first` about what it lists, and `others` about everything else. */
export function joinPluginControls(first: PluginControl, others: PluginControl): PluginControl {
  return {
    list: () => [...first.list(), ...others.list()],
    restart: (name) => (first.list().some((plugin) => plugin.name === name) ? first : others).restart(name),
  };
}

function statusOf({ name, embedders = [], metrics = [], modalities = [], backends = [] }: Plugin): PluginStatus {
  const of = (kind: PluginOffer['kind'], parts: readonly { readonly id: string; readonly description?: string }[]) =>
    parts.map(({ id, description }) => ({ kind, id, ...(description === undefined ? {} : { description }) }));
  return {
    name,
    kind: 'module',
    state: 'running',
    restarts: 0,
    components: [
      ...of('embedder', embedders),
      ...of('metric', metrics),
      ...of(
        'modality',
        modalities.map(({ id }) => ({ id })),
      ),
      ...of(
        'backend',
        backends.map(({ id }) => ({ id })),
      ),
    ],
  };
}
