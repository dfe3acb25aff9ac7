import { availableParallelism } from 'node:os';
import { assemblePipelines } from './assemble-pipelines.ts';
import type { Config } from './config/schema.ts';
import { type ConfiguredMetric, createMetric } from './configured-metric.ts';
import { createEmbedderHost, type EmbedderHost, type EmbedderState } from './embedder-host.ts';
import { createEngine, type Engine } from './engine.ts';
import { AffinisError } from './errors.ts';
import type { MetricDefinition } from './metric.ts';
import { specifyMetric } from './metric-files.ts';
import { createModelRepository, type ModelRepository } from './model/repository.ts';
import type { Pipeline } from './pipeline.ts';
import type { Plugin } from './plugin.ts';
import { loadPlugins } from './plugin-loader.ts';
import { createRegistry, type Registry } from './registry.ts';
import { configureRemoteMetric, missingRemoteMetric } from './remote/configure-remote-metric.ts';
import { createRemoteEmbedderHost, unavailable } from './remote/remote-embedder-host.ts';
import type { RemotePlugin } from './remote/remote-plugin.ts';
import { createRemoteRegistry, type RemoteRegistry } from './remote/remote-registry.ts';
import type { WorkerEvent } from './worker/events.ts';
import type { WorkerPool } from './worker/pool.ts';
import type { MetricSpec } from './worker/protocol.ts';

/** Everything that a configuration names, loaded and ready to be asked. */
export interface Runtime {
  readonly config: Config;
  /** The modules that `config.plugins` names. */
  readonly plugins: readonly Plugin[];
  readonly registry: Registry;
  readonly models: ModelRepository;
  readonly embedders: ReadonlyMap<string, EmbedderHost>;
  readonly metrics: ReadonlyMap<string, ConfiguredMetric>;
  readonly pipelines: ReadonlyMap<string, Pipeline>;
  /** A configured metric as it scores embeddings of `space`: with the population of that space's model, if any. */
  metricFor(configured: ConfiguredMetric, space: string): ConfiguredMetric;
  readonly pool: WorkerPool;
  /** What a runtime that follows this one can share; close it by `close`. */
  readonly engine: Engine;
  /** Unloads what no other runtime uses, and ends the workers where none shares them, after what they are doing. */
  close(): Promise<void>;
}

export interface RuntimeOptions {
  readonly config: Config;
  /** Absolute URLs of the plugin modules that `config.plugins` names. */
  readonly pluginUrls: readonly string[];
  /** Plugins that run outside this process. They stay the caller's. */
  readonly remotePlugins?: readonly RemotePlugin[];
  /** Absolute folders, searched in order. */
  readonly modelRoots: readonly string[];
  /** Absolute folders of calibrations, searched before those beside the models. */
  readonly calibrationFolders?: readonly string[];
  /** Absolute folder that paths in the parameters of metrics start from; default: the working directory. */
  readonly folder?: string;
  /** Build only what these pipelines need; default: all. */
  readonly only?: readonly string[];
  /** Names of embedders to leave unloaded, and their pipelines unavailable. */
  readonly unloaded?: ReadonlySet<string>;
  /** Told of worker threads that end and come back. */
  readonly onWorkerEvent?: (event: WorkerEvent) => void;
}

/**
 * Throws where the configuration is wrong; a model that is missing or broken only makes its pipelines unavailable.
 * `previous` still serves, and what it has loaded is shared as far as the two agree; each is closed by itself.
 */
export async function createRuntime(options: RuntimeOptions, previous?: Runtime): Promise<Runtime> {
  const { config, pluginUrls, modelRoots, only } = options;
  const wanted = only && new Set(only.flatMap((name) => embeddersOf(config, name)));
  const plugins = await loadPlugins(pluginUrls);
  const registry = createRegistry(plugins);
  const models = createModelRepository(modelRoots);
  const remotes = createRemoteRegistry(options.remotePlugins ?? [], registry);

  const { count, threads } = config.workers;
  const size = count === 'auto' ? Math.max(1, availableParallelism() - 1) : count;
  const parts = { size, setup: { plugins: pluginUrls, modelRoots, threads } };
  const engine = previous?.engine.shareFor(parts) ?? createEngine(parts, models, options.onWorkerEvent);
  const { pool } = engine;
  const leases: Lease[] = [];
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= giveBack(engine, leases));
  try {
    const metrics = await configuredMetrics({ options, registry, remotes, pool, leases });
    checkMetricNames(config, registry, metrics);
    const embedders = await loadEmbedders({ options, registry, remotes, engine, wanted, leases });
    const metricFor = populated(registry, embedders, pool);
    const pipelines = await assemblePipelines({
      config,
      registry,
      models,
      embedders,
      metrics,
      metricFor,
      calibrationFolders: options.calibrationFolders ?? [],
    });
    return { config, plugins, registry, models, embedders, metrics, metricFor, pipelines, pool, engine, close };
  } catch (thrown) {
    // Its threads would keep the process alive.
    await close();
    throw thrown;
  }
}

/** Threads that end with everything in them need not unload it first. */
async function giveBack(engine: Engine, leases: readonly Lease[]): Promise<void> {
  await Promise.all(leases.map((lease) => (lease.local && engine.last ? undefined : lease.release())));
  await engine.release();
}

/** Something that is given back with the runtime. */
interface Lease {
  /** In the engine's threads. */
  readonly local: boolean;
  release(): Promise<void>;
}

/** What both halves of a runtime are made from. */
interface Parts {
  readonly options: RuntimeOptions;
  readonly registry: Registry;
  readonly remotes: RemoteRegistry;
  readonly leases: Lease[];
}

async function loadEmbedders({
  options: { config, unloaded },
  registry,
  remotes,
  engine,
  wanted,
  leases,
}: Parts & { readonly engine: Engine; readonly wanted: ReadonlySet<string> | undefined }): Promise<
  Map<string, EmbedderHost>
> {
  const scheduler = engine.scheduler(config.batching);
  const embedders = new Map<string, EmbedderHost>();
  for (const [name, entry] of Object.entries(config.embedders)) {
    if (wanted && !wanted.has(name)) continue;
    const { batching } = config;
    const definition = remotes.embedder(entry.type ?? '');
    if (definition) {
      const { findModality } = registry;
      const remote = await createRemoteEmbedderHost({ name, definition, entry, batching, findModality });
      leases.push({ local: false, release: remote.dispose });
      embedders.set(name, remote.host);
      continue;
    }
    const source = entry.model === undefined ? { type: entry.type ?? '' } : { model: entry.model };
    const { options, uncertainty, projection } = entry;
    if (unloaded?.has(name)) {
      embedders.set(name, createEmbedderHost({ name, state: unloadedState(name), modality: undefined, scheduler }));
      continue;
    }
    const missing = entry.type !== undefined && !registry.embedders.some(({ id }) => id === entry.type);
    if (missing && remotes.problem) {
      const state = unavailable(remotes.problem);
      embedders.set(name, createEmbedderHost({ name, state, modality: undefined, scheduler }));
      continue;
    }
    const spec = { source, options, uncertainty, ...(projection === undefined ? {} : { projection }) };
    const lease = await engine.embedders.acquire(spec);
    leases.push({ local: true, release: () => lease.release() });
    const { key, state } = lease;
    const modality = state.available ? registry.findModality(state.description.modality) : undefined;
    embedders.set(name, createEmbedderHost({ name, key, state, modality, scheduler }));
  }
  return embedders;
}

function unloadedState(name: string): EmbedderState {
  const error = new AffinisError(
    'failed-precondition',
    `[core] embedder "${name}" was unloaded; load it with affinis admin load ${name}`,
    { reason: 'UNLOADED' },
  );
  return { available: false, reason: error.message, error };
}

function checkMetricNames(
  { pipelines }: Config,
  registry: Registry,
  metrics: ReadonlyMap<string, ConfiguredMetric>,
): void {
  for (const [name, { metric }] of Object.entries(pipelines)) {
    if (metric === undefined || metrics.has(metric)) continue;
    const field = `pipelines.${name}.metric`;
    const message = registry.metrics.some(({ id }) => id === metric)
      ? `[core] ${field}: metric "${metric}" needs parameters; give it a name under "metrics", with type and parameters, and use that`
      : `[core] ${field}: no metric "${metric}"; there are: ${[...metrics.keys()].join(', ')}`;
    throw new AffinisError('invalid-argument', message, { field });
  }
}

/** A pipeline's configuration; throws `not-found` listing the names there are. */
export function findPipeline(config: Config, name: string): Config['pipelines'][string] {
  const found = Object.hasOwn(config.pipelines, name) ? config.pipelines[name] : undefined;
  if (found) return found;
  throw new AffinisError(
    'not-found',
    `[core] no pipeline "${name}"; there are: ${Object.keys(config.pipelines).join(', ')}`,
    { field: 'pipeline', reason: 'NO_PIPELINE' },
  );
}

/** Embedders that a pipeline needs, those of its parts for a composite. */
function embeddersOf(config: Config, name: string): string[] {
  const { embedder, composite = [] } = findPipeline(config, name);
  return embedder === undefined ? composite.flatMap((part) => embeddersOf(config, part)) : [embedder];
}

/** The metrics named in the configuration, and every other metric of the plugins that needs no parameters under its id. */
async function configuredMetrics({
  options: { config, folder = process.cwd() },
  registry,
  remotes,
  pool,
  leases,
}: Parts & { readonly pool: WorkerPool }): Promise<Map<string, ConfiguredMetric>> {
  const plain = [
    ...registry.metrics.filter((definition) => !needsParameters(definition)),
    ...remotes.metrics.filter((definition) => !definition.needsParameters),
  ];
  const entries = new Map(
    plain.map(({ id }) => [id, { type: id, parameters: {} as Config['metrics'][string]['parameters'] }]),
  );
  for (const [name, entry] of Object.entries(config.metrics)) entries.set(name, entry);
  const metrics = new Map<string, ConfiguredMetric>();
  for (const [name, entry] of entries) {
    const remote = remotes.metric(entry.type);
    const missing = !remote && !registry.metrics.some(({ id }) => id === entry.type);
    try {
      if (remote) {
        const { configured, dispose } = await configureRemoteMetric(name, entry, remote);
        leases.push({ local: false, release: dispose });
        metrics.set(name, configured);
      } else if (missing && remotes.problem) metrics.set(name, missingRemoteMetric(name, entry, remotes.problem));
      else metrics.set(name, configuredMetric(registry, pool, name, specOf(registry, entries, folder, [name])));
    } catch (thrown) {
      throw AffinisError.from(thrown).at(`metrics.${name}`);
    }
  }
  return metrics;
}

type MetricEntries = ReadonlyMap<string, { readonly type: string; readonly parameters: MetricSpec['parameters'] }>;

/** Of the last of `names`, each of which is wrapped by the one before it. */
function specOf(registry: Registry, entries: MetricEntries, folder: string, names: readonly string[]): MetricSpec {
  const entry = entries.get(names.at(-1) ?? '');
  if (!entry || names.indexOf(names.at(-1) ?? '') < names.length - 1) {
    const problem = entry ? 'wraps itself' : `is not there; there are: ${[...entries.keys()].join(', ')}`;
    throw new AffinisError('invalid-argument', `[core] metric "${names.join('" > "')}" ${problem}`, {
      field: 'parameters',
      reason: 'BAD_PARAMETERS',
    });
  }
  if (names.length > 1 && !registry.metrics.some(({ id }) => id === entry.type))
    throw new AffinisError(
      'failed-precondition',
      `[core] metric "${names.join('" > "')}" is not one of this process, and only such can be wrapped; load its plugin as a module`,
      { field: 'parameters', reason: 'REMOTE_METRIC' },
    );
  const definition = registry.metric(entry.type);
  const spec = specifyMetric(definition, entry.parameters, folder);
  const parsed = definition.wraps && definition.parameters.safeParse(entry.parameters);
  if (!definition.wraps || !parsed?.success) return spec;
  const inner = definition
    .wraps(parsed.data)
    .map((name) => [name, specOf(registry, entries, folder, [...names, name])]);
  return { ...spec, wrapped: Object.fromEntries(inner) };
}

const needsParameters = ({ parameters }: MetricDefinition): boolean => !parameters.safeParse({}).success;

function configuredMetric(registry: Registry, pool: WorkerPool, name: string, spec: MetricSpec): ConfiguredMetric {
  const { description, unit } = registry.metric(spec.type);
  const metric = createMetric(registry, spec);
  const nearest: ConfiguredMetric['nearest'] = (task) => pool.nearest({ kind: 'nearest', metric: spec, ...task });
  return { name, spec, metric, description, unit, nearest };
}

/** Makes metrics with the population of a space's model, once for each. */
function populated(
  registry: Registry,
  embedders: ReadonlyMap<string, EmbedderHost>,
  pool: WorkerPool,
): Runtime['metricFor'] {
  const populations = populationsBySpace(embedders);
  const made = new Map<string, ConfiguredMetric>();
  return (configured, space) => {
    const population = populations.get(space);
    if (!population || configured.metric.remote) return configured;
    const key = JSON.stringify([configured.name, space]);
    const known = made.get(key);
    if (known) return known;
    const metric = configuredMetric(registry, pool, configured.name, { ...configured.spec, population });
    made.set(key, metric);
    return metric;
  };
}

function populationsBySpace(embedders: ReadonlyMap<string, EmbedderHost>) {
  const populations = new Map<string, NonNullable<MetricSpec['population']>>();
  for (const { state } of embedders.values()) {
    if (!state.available) continue;
    const { space, population: values, varianceId: id = '' } = state.description;
    if (values && !populations.has(space)) populations.set(space, { space, id, values });
  }
  return populations;
}
