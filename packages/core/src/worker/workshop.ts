import { createMetric } from '../configured-metric.ts';
import type { Embedded, Embedder, EmbedderDescription } from '../embedder.ts';
import { checkEmbedding } from '../embedding.ts';
import { AffinisError } from '../errors.ts';
import type { Metric } from '../metric.ts';
import type { LoadedModel } from '../modality.ts';
import { readArtefact } from '../model/artefact.ts';
import { describeModel } from '../model/describe.ts';
import { createModelEmbedder } from '../model/embedder.ts';
import { createModelRepository, type ModelFolder, readModelFile } from '../model/repository.ts';
import { createSerialSession } from '../model/serial-session.ts';
import { parseParameters } from '../parameters.ts';
import { loadPlugins } from '../plugin-loader.ts';
import { projectionInput } from '../projection/describe-projection.ts';
import { createProjectedEmbedder } from '../projection/projected-embedder.ts';
import { createRegistry } from '../registry.ts';
import { failure, type Result } from '../result.ts';
import type { Sample } from '../sample.ts';
import type { Tensor, Tensors } from '../tensor.ts';
import { parseUncertainty, type Uncertainty } from '../uncertainty/uncertainty-file.ts';
import { nearestRows } from './nearest.ts';
import { copyOf, ownBuffers } from './own-buffers.ts';
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
    const backend = registry.backend(manifest.backend);
    return createSerialSession(await backend.load(await readArtefact(folder, manifest.artefact), { threads }));
  };
  /** Helper models are shared by the embedders of this worker. */
  const loadModel = async (reference: string): Promise<LoadedModel> => {
    const found = await repository.find(reference);
    const loading =
      models.get(found.folder) ?? loadSession(found).then((session) => ({ manifest: found.manifest, session }));
    models.set(found.folder, loading);
    loading.catch(() => models.delete(found.folder));
    return loading;
  };
  const loadProjection = async (embedder: Embedder, reference: string): Promise<Embedder> => {
    const found = await repository.find(reference);
    const { linear } = projectionInput(found.manifest);
    const matrix = linear && floatsOf((await readModelFile(found.folder, linear.file, linear.sha256)).bytes);
    const session = await loadSession(found);
    return createProjectedEmbedder({ embedder, manifest: found.manifest, session, matrix });
  };
  const buildEmbedder = async (spec: EmbedderSpec): Promise<Embedder> => {
    const embedder = await buildPlainEmbedder(spec);
    return spec.projection === undefined ? embedder : loadProjection(embedder, spec.projection);
  };
  const buildPlainEmbedder = async ({ source, options, uncertainty: wanted }: EmbedderSpec): Promise<Embedder> => {
    if ('type' in source) {
      const definition = registry.embedder(source.type);
      return definition.create(parseParameters(definition.parameters, options, `embedder "${source.type}"`, 'options'));
    }
    const found = await repository.find(source.model);
    describeModel(found.manifest);
    const uncertainty = wanted === 'none' ? undefined : await loadUncertainty(found);
    const preprocessor = await registry.modality(found.manifest.modality).open({
      manifest: found.manifest,
      options,
      readFile: async (file, sha256) => (await readModelFile(found.folder, file, sha256)).bytes,
      loadModel,
    });
    const session = await loadSession(found);
    return createModelEmbedder({ manifest: found.manifest, preprocessor, session, uncertainty });
  };
  const embedderOf = (name: string): Embedder => {
    const embedder = embedders.get(name);
    if (!embedder) throw new AffinisError('internal', `[core] worker has no embedder "${name}"`);
    return embedder;
  };
  const metricOf = (spec: MetricSpec): Metric => {
    const key = JSON.stringify([spec.type, spec.parameters, spec.files, spec.wrapped, spec.population?.space]);
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
          const embedder = embedderOf(task.embedder);
          const results = await embedder.embed(task.samples, task.options);
          return { answer: results.map((result) => toWire(checked(result, embedder.description))), transfer: [] };
        }
        case 'transform': {
          const embedder = embedderOf(task.embedder);
          if (!embedder.transform)
            throw new AffinisError('unimplemented', `[core] embedder "${task.embedder}" knows no degradations`);
          const results = await embedder.transform(task.samples, task.degradations);
          return { answer: results.map(sampleToWire), transfer: [] };
        }
        case 'score': {
          const scores = new Float64Array(task.queries.count * task.references.count);
          metricOf(task.metric).scoreBlock(task.queries, task.references, scores);
          return { answer: scores, transfer: [scores.buffer] };
        }
        case 'nearest': {
          const { rows, scores } = nearestRows(metricOf(task.metric), task);
          return { answer: { rows, scores }, transfer: [rows.buffer, scores.buffer] };
        }
      }
    },
    async dispose() {
      for (const embedder of embedders.values()) await embedder.dispose?.();
      for (const model of models.values())
        await model.then(
          ({ session }) => session.dispose(),
          () => undefined,
        );
    },
  };
}

/** A model's fitted uncertainty; undefined where it has none. */
async function loadUncertainty({ manifest, folder }: ModelFolder): Promise<Uncertainty | undefined> {
  const { uncertainty, output } = manifest;
  if (!uncertainty) return undefined;
  return parseUncertainty(
    (await readModelFile(folder, uncertainty.file, uncertainty.sha256)).bytes,
    output.dimension ?? 0,
  );
}

/** Little-endian float32; bytes that end within a number give none of it, so that the count does not fit. */
function floatsOf(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) => view.getFloat32(at * 4, true));
}

/** An embedder's result, refused where it is not what its description promises: plugins bring embedders too. */
function checked(result: Result<Embedded>, { model, space, dimension }: EmbedderDescription): Result<Embedded> {
  if (!result.ok) return result;
  const { embedding } = result.value;
  try {
    if (embedding.space !== space || embedding.mean.length !== dimension) throw new Error('another space or dimension');
    checkEmbedding(embedding);
  } catch (cause) {
    const message = `[core] model ${model.name} gave no valid embedding for this sample; the server's log has the cause`;
    return failure(new AffinisError('internal', message, { reason: 'MODEL_OUTPUT', cause }));
  }
  return result;
}

/** Small vectors are cheaper to clone than to move, but a view must not take the buffer behind it along. */
function toWire(result: Result<Embedded>): WireResult<Embedded> {
  if (!result.ok) return { ok: false, error: result.error.toWire() };
  const { mean, variance, ...embedding } = result.value.embedding;
  const own = {
    ...embedding,
    mean: ownBuffer(mean),
    ...(variance ? { variance: { kind: variance.kind, values: ownBuffer(variance.values) } } : {}),
  };
  const { features, inputs } = result.value;
  return {
    ok: true,
    value: {
      ...result.value,
      embedding: own,
      ...(features ? { features: ownBuffer(features) } : {}),
      ...(inputs ? { inputs: ownTensors(inputs) } : {}),
    },
  };
}

const ownTensors = (tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      tensor.data.byteLength === tensor.data.buffer.byteLength
        ? tensor
        : ({ ...tensor, data: copyOf(tensor.data) } as Tensor),
    ]),
  );

function sampleToWire(result: Result<Sample>): WireResult<Sample> {
  if (!result.ok) return { ok: false, error: result.error.toWire() };
  const [value = result.value] = ownBuffers([result.value]).samples;
  return { ok: true, value };
}

const ownBuffer = (values: Float32Array) => (values.byteLength === values.buffer.byteLength ? values : values.slice());
