import { availableParallelism } from 'node:os';
import { assemblePipelines } from './assemble-pipelines.ts';
import type { Config } from './config/schema.ts';
import { createMetric } from './configured-metric.ts';
import type { Embedded, EmbedderDescription } from './embedder.ts';
import { createEmbedderHost, type EmbedderHost, type EmbedderState } from './embedder-host.ts';
import { AffinisError } from './errors.ts';
import type { AnyMetric, MetricDefinition } from './metric.ts';
import { specifyMetric } from './metric-files.ts';
import { createModelRepository, type ModelRepository } from './model/repository.ts';
import type { Pipeline } from './pipeline.ts';
import { loadPlugins } from './plugin-loader.ts';
import { createRegistry, type Registry } from './registry.ts';
import { configureRemoteMetric, missingRemoteMetric } from './remote/configure-remote-metric.ts';
import { createRemoteEmbedderHost, unavailable } from './remote/remote-embedder-host.ts';
import type { RemotePlugin } from './remote/remote-plugin.ts';
import { createRemoteRegistry, type RemoteRegistry } from './remote/remote-registry.ts';
import type { Sample } from './sample.ts';
import { createScheduler } from './scheduler.ts';
import type { WorkerEvent } from './worker/events.ts';
import { createWorkerPool, type WorkerPool } from './worker/pool.ts';
import type { EmbedderSpec, MetricSpec } from './worker/protocol.ts';

/** Everything that a configuration names, loaded and ready to be asked. */
export interface Runtime {
  readonly config: Config;
  readonly registry: Registry;
  readonly models: ModelRepository;
  readonly embedders: ReadonlyMap<string, EmbedderHost>;
  readonly metrics: ReadonlyMap<string, ConfiguredMetric>;
  readonly pipelines: ReadonlyMap<string, Pipeline>;
  /** A configured metric as it scores embeddings of `space`: with the population of that space's model, if any. */
  metricFor(configured: ConfiguredMetric, space: string): ConfiguredMetric;
  readonly pool: WorkerPool;
  /** Ends the workers after what they are doing. */
  close(): Promise<void>;
}

export interface ConfiguredMetric {
  readonly name: string;
  readonly spec: MetricSpec;
  readonly metric: AnyMetric;
  readonly description: string;
  readonly unit: string;
  /** Why it cannot be used now: its plugin is not there. */
  readonly problem?: AffinisError;
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
  /** Told of worker threads that end and come back. */
  readonly onWorkerEvent?: (event: WorkerEvent) => void;
}

/** Batches in flight per worker: one running, one whose media are being decoded meanwhile. */
const batchesPerWorker = 2;

/** Throws where the configuration is wrong; a model that is missing or broken only makes its pipelines unavailable. */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { config, pluginUrls, modelRoots, only } = options;
  const wanted = only && new Set(only.flatMap((name) => embeddersOf(config, name)));
  const registry = createRegistry(await loadPlugins(pluginUrls));
  const models = createModelRepository(modelRoots);
  const remotes = createRemoteRegistry(options.remotePlugins ?? [], registry);
  const metrics = await configuredMetrics({ config, registry, remotes, folder: options.folder ?? process.cwd() });
  checkMetricNames(config, registry, metrics);

  const { count, threads } = config.workers;
  const size = count === 'auto' ? Math.max(1, availableParallelism() - 1) : count;
  const setup = { plugins: pluginUrls, modelRoots, threads };
  const pool = createWorkerPool(size, setup, { onEvent: options.onWorkerEvent });
  try {
    const embedders = await loadEmbedders({ config, registry, remotes, pool, wanted });
    const metricFor = populated(registry, embedders);
    const pipelines = await assemblePipelines({
      config,
      registry,
      models,
      embedders,
      metrics,
      metricFor,
      calibrationFolders: options.calibrationFolders ?? [],
    });
    return { config, registry, models, embedders, metrics, metricFor, pipelines, pool, close: () => pool.close() };
  } catch (thrown) {
    // Its threads would keep the process alive.
    await pool.close();
    throw thrown;
  }
}

async function loadEmbedders({
  config,
  registry,
  remotes,
  pool,
  wanted,
}: {
  readonly config: Config;
  readonly registry: Registry;
  readonly remotes: RemoteRegistry;
  readonly pool: WorkerPool;
  readonly wanted: ReadonlySet<string> | undefined;
}): Promise<Map<string, EmbedderHost>> {
  const scheduler = createScheduler<Sample, Embedded>({
    ...config.batching,
    slots: pool.size * batchesPerWorker,
    run: (embedder, samples) => pool.embed(embedder, samples),
  });
  const embedders = new Map<string, EmbedderHost>();
  for (const [name, entry] of Object.entries(config.embedders)) {
    if (wanted && !wanted.has(name)) continue;
    const { batching } = config;
    const definition = remotes.embedder(entry.type ?? '');
    if (definition) {
      const { findModality } = registry;
      embedders.set(name, await createRemoteEmbedderHost({ name, definition, entry, batching, findModality }));
      continue;
    }
    const source = entry.model === undefined ? { type: entry.type ?? '' } : { model: entry.model };
    const { options, uncertainty, projection } = entry;
    const spec = { name, source, options, uncertainty, ...(projection === undefined ? {} : { projection }) };
    const missing = entry.type !== undefined && !registry.embedders.some(({ id }) => id === entry.type);
    const state = missing && remotes.problem ? unavailable(remotes.problem) : await loadEmbedder(pool, spec);
    const modality = state.available ? registry.findModality(state.description.modality) : undefined;
    embedders.set(name, createEmbedderHost({ name, state, modality, scheduler }));
  }
  return embedders;
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

async function loadEmbedder(pool: WorkerPool, spec: EmbedderSpec): Promise<EmbedderState> {
  try {
    return { available: true, description: await pool.load(spec) };
  } catch (thrown) {
    return unavailable(AffinisError.from(thrown));
  }
}

/** The metrics named in the configuration, and every other metric of the plugins that needs no parameters under its id. */
async function configuredMetrics({
  config,
  registry,
  remotes,
  folder,
}: {
  readonly config: Config;
  readonly registry: Registry;
  readonly remotes: RemoteRegistry;
  readonly folder: string;
}): Promise<Map<string, ConfiguredMetric>> {
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
      if (remote) metrics.set(name, await configureRemoteMetric(name, entry, remote));
      else if (missing && remotes.problem) metrics.set(name, missingRemoteMetric(name, entry, remotes.problem));
      else metrics.set(name, configuredMetric(registry, name, specOf(registry, entries, folder, [name])));
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

function configuredMetric(registry: Registry, name: string, spec: MetricSpec): ConfiguredMetric {
  const { description, unit } = registry.metric(spec.type);
  return { name, spec, metric: createMetric(registry, spec), description, unit };
}

/** Makes metrics with the population of a space's model, once for each. */
function populated(registry: Registry, embedders: ReadonlyMap<string, EmbedderHost>): Runtime['metricFor'] {
  const populations = populationsBySpace(embedders);
  const made = new Map<string, ConfiguredMetric>();
  return (configured, space) => {
    const values = populations.get(space);
    if (!values || configured.metric.remote) return configured;
    const key = JSON.stringify([configured.name, space]);
    const known = made.get(key);
    if (known) return known;
    const metric = configuredMetric(registry, configured.name, { ...configured.spec, population: { space, values } });
    made.set(key, metric);
    return metric;
  };
}

function populationsBySpace(embedders: ReadonlyMap<string, EmbedderHost>) {
  const populations = new Map<string, NonNullable<EmbedderDescription['population']>>();
  for (const { state } of embedders.values()) {
    if (!state.available) continue;
    const { space, population } = state.description;
    if (population && !populations.has(space)) populations.set(space, population);
  }
  return populations;
}
