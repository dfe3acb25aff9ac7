import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  AffinisError,
  bytesOfSize,
  type Config,
  type ConfiguredMetric,
  configSchema,
  createGalleries,
  createLazyStore,
  createRuntime,
  type Galleries,
  parseConfig,
  type RowIndexFactory,
  type Runtime,
  type RuntimeOptions,
  type SinglePipeline,
  type TemplateStore,
} from '@affinis/core';
import { createRowIndexFactory } from '@affinis/kernels';
import { createLmdbStore } from '@affinis/store-lmdb';

/** The plugins that ship. Nothing outside this file names an implementation. */
const shippedPlugins = [
  '@affinis/backend-onnx',
  '@affinis/backend-tfjs',
  '@affinis/modality-image',
  '@affinis/modality-voice',
  '@affinis/modality-text',
  '@affinis/metric-combinators',
  '@affinis/metric-cosine',
  '@affinis/metric-euclidean',
  '@affinis/metric-mahalanobis',
  '@affinis/metric-mls',
  '@affinis/metric-plda',
];

/** What runs without a file: the models that ship. */
export const builtInConfig: Config = configSchema.parse({
  plugins: shippedPlugins,
  embedders: {
    face: { model: 'face-dlib128' },
    voice: { model: 'speaker-ge2e-int8' },
    text: { model: 'text-student' },
  },
  pipelines: {
    // Each modality's default is the metric that wins on its model's own card.
    face: { embedder: 'face', metric: 'mls' },
    voice: { embedder: 'voice', metric: 'mls-llr' },
    text: { embedder: 'text', metric: 'cosine' },
    ...pipelinesOf('face', ['cosine', 'euclidean', 'mls', 'mls-llr']),
    ...pipelinesOf('voice', ['cosine', 'mls', 'mls-llr']),
    ...pipelinesOf('text', ['cosine', 'mls', 'mls-llr']),
  },
  defaults: { image: 'face', voice: 'voice', text: 'text' },
});

function pipelinesOf(embedder: string, metrics: readonly string[]) {
  return Object.fromEntries(metrics.map((metric) => [`${embedder}-${metric}`, { embedder, metric }]));
}

const shippedModels = fileURLToPath(new URL('../../../models', import.meta.url));

/** A configuration and the folder that its relative paths start from. */
export interface LoadedConfig {
  readonly config: Config;
  readonly folder: string;
}

/** Reads `file`, or `affinis.yaml` of the working directory where there is one, over the built-in configuration. */
export function loadConfig(file?: string): LoadedConfig {
  const path = resolve(file ?? 'affinis.yaml');
  if (file === undefined && !existsSync(path)) return { config: builtInConfig, folder: process.cwd() };
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AffinisError('invalid-argument', `${file}: cannot be read; check the path given with --config`, {
      field: 'config',
      cause,
    });
  }
  return { config: parseConfig(text, builtInConfig, file ?? 'affinis.yaml'), folder: dirname(path) };
}

/** Folders of models in the order they are searched: the configuration's, `./models` beside it, those that ship. */
export function modelRoots({ config, folder }: LoadedConfig): string[] {
  return [
    ...new Set([...config.models.map((path) => resolve(folder, path)), resolve(folder, 'models'), shippedModels]),
  ];
}

/** Folders of calibrations: the configuration's, and `./calibrations` beside it, where `affinis calibrate` writes. */
export function calibrationFolders({ config, folder }: LoadedConfig): string[] {
  return [...new Set([...config.calibrations, 'calibrations'].map((path) => resolve(folder, path)))];
}

/** Loads what the configuration names; `only` limits it to what those pipelines need. */
export function composeRuntime(
  loaded: LoadedConfig,
  options: Pick<RuntimeOptions, 'only' | 'onWorkerEvent'> = {},
): Promise<Runtime> {
  return createRuntime({
    config: loaded.config,
    pluginUrls: pluginUrls(loaded),
    modelRoots: modelRoots(loaded),
    calibrationFolders: calibrationFolders(loaded),
    folder: loaded.folder,
    ...options,
  });
}

/** Folder of the configuration's galleries. */
export const galleriesFolder = ({ config, folder }: LoadedConfig): string => resolve(folder, config.galleries.path);

/** The store of the configuration's galleries; its folder is made by the first gallery that is created. */
export async function openGalleryStore(loaded: LoadedConfig): Promise<Required<TemplateStore>> {
  const folder = galleriesFolder(loaded);
  const open = () => createLmdbStore({ folder });
  return existsSync(folder) ? open() : createLazyStore(open);
}

/** What another process has committed to the galleries' folder, also while it writes. Refuses to write. */
export const readGalleryStore = (loaded: LoadedConfig): Promise<Required<TemplateStore>> =>
  createLmdbStore({ folder: galleriesFolder(loaded), readOnly: true });

/** Opens the configuration's galleries, which close the store with them. */
export async function composeGalleries(
  { config }: LoadedConfig,
  runtime: Runtime,
  store: Required<TemplateStore>,
): Promise<Galleries> {
  const { memoryLimit, threads, maxSources, maxTemplates } = config.galleries;
  return createGalleries({
    store,
    pipelines: runtime.pipelines,
    metricOf: (pipeline) => metricOf(runtime, pipeline),
    pool: runtime.pool,
    indices: lazyIndices(threads === 'auto' ? Math.max(1, availableParallelism() - 1) : threads),
    memoryLimitBytes: bytesOfSize(memoryLimit) ?? 0,
    maxSources,
    ...(maxTemplates === undefined ? {} : { maxTemplates }),
  });
}

/** The threads are started by the first index: most commands need none. */
function lazyIndices(threads: number): RowIndexFactory {
  let made: RowIndexFactory | undefined;
  return {
    create(options) {
      made ??= createRowIndexFactory({ threads });
      return made.create(options);
    },
    close: async () => made?.close(),
  };
}

export { backupStore, compactStore } from '@affinis/store-lmdb';

/** A pipeline's metric with the population of its embedder's space, as workers build it too. */
function metricOf(runtime: Runtime, { metricName, embedder: { state } }: SinglePipeline): ConfiguredMetric {
  const configured = runtime.metrics.get(metricName);
  if (!configured || !state.available)
    throw new AffinisError('internal', `[server] metric "${metricName}" of a usable pipeline is not there`);
  return runtime.metricFor(configured, state.description.space);
}

/** Where the configuration's plugins lie. */
export const pluginUrls = ({ config, folder }: LoadedConfig): string[] =>
  config.plugins.map((specifier) => pluginUrl(specifier, folder));

/** A package is looked for from the configuration's folder first, then among those installed with the server. */
function pluginUrl(specifier: string, folder: string): string {
  if (specifier.startsWith('.') || isAbsolute(specifier)) return pathToFileURL(resolve(folder, specifier)).href;
  for (const base of [resolve(folder, 'affinis.yaml'), fileURLToPath(import.meta.url)]) {
    try {
      return pathToFileURL(createRequire(base).resolve(specifier)).href;
    } catch {
      // Not installed there; the next place may have it.
    }
  }
  throw new AffinisError(
    'failed-precondition',
    `[server] plugin "${specifier}" is not installed; run "npm install ${specifier}" or remove it from "plugins"`,
    { field: 'plugins' },
  );
}
