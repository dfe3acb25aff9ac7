import { createMetric } from '../configured-metric.ts';
import type { Embedded, Embedder } from '../embedder.ts';
import { checkEmbedded } from '../embedding-check.ts';
import { AffinisError } from '../errors.ts';
import type { Metric } from '../metric.ts';
import { artefactDigest, readArtefact } from '../model/artefact.ts';
import { describeModel } from '../model/describe.ts';
import { createModelEmbedder } from '../model/embedder.ts';
import { createModelRepository, type ModelFolder, readModelFile } from '../model/repository.ts';
import { createSerialSession } from '../model/serial-session.ts';
import { parseParameters } from '../parameters.ts';
import { loadPlugins } from '../plugin-loader.ts';
import { projectionInput } from '../projection/describe-projection.ts';
import { createProjectedEmbedder } from '../projection/projected-embedder.ts';
import { createRegistry } from '../registry.ts';
import type { Result } from '../result.ts';
import type { Sample } from '../sample.ts';
import type { Tensor, Tensors } from '../tensor.ts';
import { parseUncertainty, type Uncertainty } from '../uncertainty/uncertainty-file.ts';
import { createHelperModels } from './helper-models.ts';
import { createKept } from './kept.ts';
import { nearestRows } from './nearest.ts';
import { copyOf, ownBuffers } from './own-buffers.ts';
import type { EmbedderSpec, MetricSpec, WireResult, WorkerAnswers, WorkerSetup, WorkerTask } from './protocol.ts';

/** What one worker thread holds: its plugins, models and embedders, and how it performs a task with them. */
export interface Workshop {
  perform(task: WorkerTask): Promise<{ answer: WorkerAnswers[WorkerTask['kind']]; transfer: ArrayBuffer[] }>;
  dispose(): Promise<void>;
}

/** A loaded embedder and the work that it has in hand. */
interface Held {
  readonly embedder: Embedder;
  /** What its helper models know it by. */
  readonly user: object;
  readonly inHand: Set<Promise<unknown>>;
}

/** Metrics made and kept; one costs little to make anew. */
const mostMetrics = 64;

export async function createWorkshop({ plugins, modelRoots, threads }: WorkerSetup): Promise<Workshop> {
  const registry = createRegistry(await loadPlugins(plugins));
  const repository = createModelRepository(modelRoots);
  const embedders = new Map<string, Held>();
  const helpers = createHelperModels();
  const metrics = createKept<Metric>(mostMetrics);

  const loadSession = async ({ manifest, folder }: ModelFolder) => {
    const backend = registry.backend(manifest.backend);
    return createSerialSession(await backend.load(await readArtefact(folder, manifest.artefact), { threads }));
  };
  const loadHelper = async (user: object, reference: string) => {
    const found = await repository.find(reference);
    const { manifest, folder } = found;
    return helpers.use(user, `${folder} ${artefactDigest(manifest.artefact)}`, async () => ({
      manifest,
      session: await loadSession(found),
    }));
  };
  const loadProjection = async (embedder: Embedder, reference: string): Promise<Embedder> => {
    const found = await repository.find(reference);
    const { linear } = projectionInput(found.manifest);
    const matrix = linear && floatsOf((await readModelFile(found.folder, linear.file, linear.sha256)).bytes);
    const session = await loadSession(found);
    return createProjectedEmbedder({ embedder, manifest: found.manifest, session, matrix });
  };
  const buildEmbedder = async (spec: EmbedderSpec, user: object): Promise<Embedder> => {
    const embedder = await buildPlainEmbedder(spec, user);
    return spec.projection === undefined ? embedder : loadProjection(embedder, spec.projection);
  };
  const buildPlainEmbedder = async (
    { source, options, uncertainty: wanted }: EmbedderSpec,
    user: object,
  ): Promise<Embedder> => {
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
      loadModel: (reference) => loadHelper(user, reference),
    });
    const session = await loadSession(found);
    return createModelEmbedder({ manifest: found.manifest, preprocessor, session, uncertainty });
  };
  const load = async (spec: EmbedderSpec) => {
    const user = {};
    try {
      const embedder = await buildEmbedder(spec, user);
      embedders.set(spec.name, { embedder, user, inHand: new Set() });
      return embedder.description;
    } catch (thrown) {
      await helpers.letGo(user);
      throw thrown;
    }
  };
  const giveUp = async ({ embedder, user, inHand }: Held): Promise<void> => {
    // A caller that left early left its samples running.
    await Promise.allSettled(inHand);
    await embedder.dispose?.();
    await helpers.letGo(user);
  };
  const unload = async (name: string): Promise<undefined> => {
    const held = embedders.get(name);
    embedders.delete(name);
    if (held) await giveUp(held);
  };
  const withEmbedder = async <T>(name: string, work: (embedder: Embedder) => Promise<T>): Promise<T> => {
    const held = embedders.get(name);
    if (!held) throw new AffinisError('internal', `[core] worker has no embedder "${name}"`);
    const working = work(held.embedder);
    held.inHand.add(working);
    return working.finally(() => held.inHand.delete(working));
  };
  const metricOf = (spec: MetricSpec): Metric => {
    const { type, parameters, files, wrapped, population } = spec;
    const key = JSON.stringify([type, parameters, files, wrapped, population?.space, population?.id]);
    return metrics.get(key, () => createMetric(registry, spec));
  };

  return {
    async perform(task) {
      switch (task.kind) {
        case 'load':
          return { answer: await load(task.spec), transfer: [] };
        case 'unload':
          return { answer: await unload(task.embedder), transfer: [] };
        case 'embed':
          return withEmbedder(task.embedder, async (embedder) => {
            const results = await embedder.embed(task.samples, task.options);
            return {
              answer: results.map((result) => toWire(checkEmbedded(result, embedder.description))),
              transfer: [],
            };
          });
        case 'transform':
          return withEmbedder(task.embedder, async (embedder) => {
            if (!embedder.transform)
              throw new AffinisError('unimplemented', `[core] embedder "${task.embedder}" knows no degradations`);
            const results = await embedder.transform(task.samples, task.degradations);
            return { answer: results.map(sampleToWire), transfer: [] };
          });
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
      for (const held of embedders.values()) await giveUp(held);
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
