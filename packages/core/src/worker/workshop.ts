import { createMetric } from '../configured-metric.ts';
import type { Embedder } from '../embedder.ts';
import { AffinisError } from '../errors.ts';
import type { Metric } from '../metric.ts';
import type { LoadedModel } from '../modality.ts';
import { createModelEmbedder } from '../model/embedder.ts';
import { createModelRepository, type ModelFolder, readModelFile } from '../model/repository.ts';
import { loadPlugins } from '../plugin-loader.ts';
import { createRegistry } from '../registry.ts';
import type { Result } from '../result.ts';
import type { Embedded } from '../embedder.ts';
import type { EmbedderSpec, MetricSpec, WireResult, WorkerAnswers, WorkerSetup, WorkerTask } from './protocol.ts';

/** What one worker thread holds: its plugins, models and embedders, and how it performs a task with them. */
export interface Workshop {
  perform(task: WorkerTask): Promise<{ answer: WorkerAnswers[WorkerTask['kind']]; transfer: ArrayBuffer[] }>;
  dispose(): Promise<void>;
}

export async function createWorkshop({ plugins, modelRoots, threads }: WorkerSetup): Promise<Workshop> {
  const registry = createRegistry(await loadPlugins(plugins));
  const repository = createModelRepository(modelRoots);
  const embedders = new Map<string, Embedder>();
  const models = new Map<string, Promise<LoadedModel>>();
  const metrics = new Map<string, Metric>();

  const loadSession = async ({ manifest, folder }: ModelFolder) => {
    const { file, sha256 } = manifest.artefact;
    return registry.backend(manifest.backend).load(await readModelFile(folder, file, sha256), { threads });
  };
  /** Helper models are shared by the embedders of this worker. */
  const loadModel = async (reference: string): Promise<LoadedModel> => {
    const found = await repository.find(reference);
    const loading = models.get(found.folder) ?? loadSession(found).then((session) => ({ manifest: found.manifest, session }));
    models.set(found.folder, loading);
    return loading;
  };
  const buildEmbedder = async ({ source, options }: EmbedderSpec): Promise<Embedder> => {
    if ('type' in source) {
      const definition = registry.embedder(source.type);
      return definition.create(definition.parameters.parse(options));
    }
    const found = await repository.find(source.model);
    const preprocessor = await registry.modality(found.manifest.modality).open({
      manifest: found.manifest,
      options,
      readFile: async (file, sha256) => (await readModelFile(found.folder, file, sha256)).bytes,
      loadModel,
    });
    return createModelEmbedder({ manifest: found.manifest, preprocessor, session: await loadSession(found) });
  };
  const metricOf = (spec: MetricSpec): Metric => {
    const key = JSON.stringify(spec);
    const metric = metrics.get(key) ?? createMetric(registry, spec);
    metrics.set(key, metric);
    return metric;
  };

  return {
    async perform(task) {
      switch (task.kind) {
        case 'load': {
          const embedder = await buildEmbedder(task.spec);
          embedders.set(task.spec.name, embedder);
          return { answer: embedder.description, transfer: [] };
        }
        case 'embed': {
          const embedder = embedders.get(task.embedder);
          if (!embedder) throw new AffinisError('internal', `[core] worker has no embedder "${task.embedder}"`);
          const results = await embedder.embed(task.samples);
          return { answer: results.map(toWire), transfer: results.flatMap((result) => (result.ok ? [result.value.embedding.mean.buffer as ArrayBuffer] : [])) };
        }
        case 'score': {
          const scores = new Float64Array(task.queries.count * task.references.count);
          metricOf(task.metric).scoreBlock(task.queries, task.references, scores);
          return { answer: scores, transfer: [scores.buffer] };
        }
      }
    },
    async dispose() {
      for (const embedder of embedders.values()) await embedder.dispose?.();
      for (const model of models.values()) await model.then(({ session }) => session.dispose(), () => undefined);
    },
  };
}

const toWire = (result: Result<Embedded>): WireResult => (result.ok ? result : { ok: false, error: result.error.toWire() });
