import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  AffinisError,
  bytesOfSize,
  type Config,
  configSchema,
  createGalleries,
  createLazyStore,
  createRuntime,
  type Galleries,
  parseConfig,
  type RowIndexFactory,
  type Runtime,
  type RuntimeOptions,
  type TemplateStore,
} from '@affinis/core';
import { createRowIndexFactory } from '@affinis/kernels';
import { createPluginHost, type PluginHost, type PluginHostOptions, type PluginSet } from '@affinis/plugin-host';
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

/**
 * Reads `file`, or `affinis.yaml` of the working directory where there is one, over the built-in configuration. `whole`: a
 * file that is gone or blank is refused, as it may be while it is being written.
 */
export function loadConfig(file?: string, { whole = false } = {}): LoadedConfig {
  const path = resolve(file ?? 'affinis.yaml');
  if (file === undefined && !whole && !existsSync(path)) return { config: builtInConfig, folder: process.cwd() };
  const name = file ?? 'affinis.yaml';
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AffinisError('invalid-argument', `${name}: cannot be read; check the path and its permissions`, {
      field: 'config',
      cause,
    });
  }
  if (whole && text.trim() === '')
    throw new AffinisError('invalid-argument', `${name}: is blank; write {} for the built-in configuration`, {
      field: 'config',
    });
  return { config: parseConfig(text, builtInConfig, name), folder: dirname(path) };
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

/**
 * Loads what the configuration names; `only` limits it to what those pipelines need. Shares what it can with `previous`,
 * and plugin processes by `host`; without one they end with the runtime.
 */
export async function composeRuntime(
  loaded: LoadedConfig,
  options: Pick<RuntimeOptions, 'only' | 'unloaded' | 'onWorkerEvent'> & { readonly host?: PluginHost } = {},
  previous?: Runtime,
): Promise<Runtime> {
  const { host, ...runtimeOptions } = options;
  const processes = await acquireProcesses(loaded, host);
  try {
    const runtime = await createRuntime(
      {
        config: loaded.config,
        pluginUrls: pluginUrls(loaded),
        remotePlugins: processes.plugins(),
        modelRoots: modelRoots(loaded),
        calibrationFolders: calibrationFolders(loaded),
        folder: loaded.folder,
        ...runtimeOptions,
      },
      previous,
    );
    const close = async () => {
      await runtime.close();
      await processes.release();
    };
    return { ...runtime, close };
  } catch (thrown) {
    await processes.release();
    throw thrown;
  }
}

/** The configuration's plugin processes. */
function acquireProcesses({ config, folder }: LoadedConfig, host: PluginHost | undefined): Promise<PluginSet> {
  const plugins = config.plugins.filter((plugin) => typeof plugin !== 'string');
  return (host ?? composePluginHost(config, silent)).acquire(plugins, folder);
}

const silent = { onEvent: () => undefined, onLine: () => undefined };

/** What starts plugin processes for a server, or for one command. */
export const composePluginHost = (
  { server: { logLevel } }: Config,
  told: Pick<PluginHostOptions, 'onEvent' | 'onLine'>,
): PluginHost =>
  createPluginHost({
    ...told,
    logLevel: logLevel === 'fatal' || logLevel === 'silent' ? 'error' : logLevel,
    moduleCommand: (module, folder) => [
      process.execPath,
      fileURLToPath(import.meta.resolve('@affinis/plugin-sdk/serve-module')),
      module.startsWith('file:') ? module : pluginUrl(module, folder),
    ],
  });

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
  pipelines: () => Runtime['pipelines'],
  store: Required<TemplateStore>,
): Promise<Galleries> {
  const { memoryLimit, threads, maxSources, maxTemplates } = config.galleries;
  return createGalleries({
    store,
    pipelines,
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

/** Where the modules among the configuration's plugins lie. */
export const pluginUrls = ({ config, folder }: LoadedConfig): string[] =>
  config.plugins.flatMap((plugin) => (typeof plugin === 'string' ? [pluginUrl(plugin, folder)] : []));

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
