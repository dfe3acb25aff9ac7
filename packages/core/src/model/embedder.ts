import type { Session } from '../backend.ts';
import type { Degradation } from '../degradation.ts';
import type { Embedded, Embedder, EmbedderDescription, EmbedOptions } from '../embedder.ts';
import { AffinisError } from '../errors.ts';
import type { Prepared, Preprocessor } from '../modality.ts';
import { attempt, failure, type Result, success } from '../result.ts';
import type { Sample } from '../sample.ts';
import type { Tensors } from '../tensor.ts';
import type { Uncertainty } from '../uncertainty/uncertainty-file.ts';
import { varianceOf } from '../uncertainty/variance-head.ts';
import { describeModel, featuresName, outputName } from './describe.ts';
import type { ModelManifest } from './manifest.ts';
import { combineRows, concatenate, meanRow, rowsOf, totalRows } from './rows.ts';

export interface ModelEmbedderParts {
  readonly manifest: ModelManifest;
  readonly preprocessor: Preprocessor;
  readonly session: Session;
  readonly uncertainty?: Uncertainty | undefined;
}

interface Item {
  readonly index: number;
  readonly prepared: Prepared;
  readonly prepareMs: number;
}

/** An embedder made of a modality's preprocessor and a model: samples → tensors → one run a group → embeddings. */
export function createModelEmbedder(parts: ModelEmbedderParts): Embedder {
  const { manifest, preprocessor, session, uncertainty } = parts;
  const description = describeModel(manifest, uncertainty);
  const output = outputName(manifest, session);
  const features = featuresName(manifest, session);
  if (uncertainty?.head.input === 'features' && features === undefined)
    throw new AffinisError(
      'failed-precondition',
      `[core] the uncertainty head of model ${manifest.name} reads features and model.yaml names none; set output.features to the output that it was fitted to`,
      { field: 'output.features', reason: 'MODEL_UNUSABLE' },
    );

  const runGroup = async (
    group: readonly Item[],
    results: Result<Embedded>[],
    options: EmbedOptions,
  ): Promise<void> => {
    const readsFeatures =
      features !== undefined && (options.features === true || uncertainty?.head.input === 'features');
    const prepared = group.map((item) => item.prepared);
    const started = performance.now();
    const tensors = await session.run(join(preprocessor, prepared), readsFeatures ? [output, features] : [output]);
    const rows = rowsOf(tensors[output], output, prepared, description.dimension);
    const msPerRow = (performance.now() - started) / totalRows(prepared);
    let first = 0;
    for (const { index, prepared: item, prepareMs } of group) {
      const mean = combineRows(rows, first, item.rows, description);
      const read = readsFeatures
        ? meanRow(tensors[features], features, first, item.rows, totalRows(prepared))
        : undefined;
      first += item.rows;
      results[index] =
        mean instanceof AffinisError
          ? failure(mean)
          : success({
              embedding: {
                mean,
                ...varianceFields(description, uncertainty, mean, read),
                unitNorm: description.unitNorm,
                space: description.space,
              },
              ...(item.info ? { info: item.info } : {}),
              ...(options.features ? { features: read ?? mean } : {}),
              ...(options.inputs ? { inputs: item.inputs } : {}),
              timings: { decodeMs: item.decodeMs, prepareMs, inferenceMs: msPerRow * item.rows },
            });
    }
  };

  /** After a run that failed as a whole, so that a bad sample fails alone. */
  const runOneByOne = async (
    group: readonly Item[],
    results: Result<Embedded>[],
    options: EmbedOptions,
  ): Promise<void> => {
    for (const item of group) {
      const outcome = await attempt(() => runGroup([item], results, options));
      if (!outcome.ok) results[item.index] = outcome;
    }
  };

  return {
    description,
    async embed(samples, options = {}) {
      const results: Result<Embedded>[] = [];
      const items = await prepareAll(preprocessor, samples, results);
      for (const group of groups(items, manifest.batching, preprocessor.collate !== undefined)) {
        try {
          await runGroup(group, results, options);
        } catch (thrown) {
          if (group.length === 1) for (const { index } of group) results[index] = failure(thrown);
          else await runOneByOne(group, results, options);
        }
      }
      return results;
    },
    transform: async (samples, degradations = []) => {
      const results: Result<Sample>[] = [];
      for (const [index, sample] of samples.entries())
        results.push(await attempt(() => transformed(preprocessor, sample, degradations[index])));
      return results;
    },
    dispose: () => session.dispose(),
  };
}

function varianceFields(
  { varianceId }: EmbedderDescription,
  uncertainty: Uncertainty | undefined,
  mean: Float32Array,
  features: Float32Array | undefined,
) {
  if (!uncertainty || varianceId === undefined) return {};
  const input = uncertainty.head.input === 'embedding' ? mean : (features ?? new Float32Array());
  return { variance: varianceOf(uncertainty, input), varianceId };
}

async function transformed(
  preprocessor: Preprocessor,
  sample: Sample,
  degradation: Degradation | undefined,
): Promise<Sample> {
  if (!preprocessor.canonical || !preprocessor.degrade)
    throw new AffinisError(
      'unimplemented',
      '[core] this modality knows no degradations; implement Preprocessor.canonical and degrade',
    );
  const canonical = await preprocessor.canonical(sample);
  return degradation ? preprocessor.degrade(canonical, degradation) : canonical;
}

/** One is decoded (off this thread) while another is prepared; more would only hold memory. */
const preparedAtOnce = 2;

async function prepareAll(
  preprocessor: Preprocessor,
  samples: readonly Sample[],
  results: Result<Embedded>[],
): Promise<Item[]> {
  const items: Item[] = [];
  const waiting = samples.entries();
  const prepareInTurn = async () => {
    for (const [index, sample] of waiting) {
      const started = performance.now();
      const outcome = await attempt(() => preprocessor.prepare(sample), 'core');
      if (!outcome.ok) results[index] = outcome;
      else {
        const prepareMs = Math.max(0, performance.now() - started - outcome.value.decodeMs);
        items.push({ index, prepared: outcome.value, prepareMs });
      }
    }
  };
  await Promise.all(Array.from({ length: preparedAtOnce }, prepareInTurn));
  return items.sort((a, b) => a.index - b.index);
}

/** Items that may share a run: those whose rows have the same shape, unless the preprocessor joins any. */
function groups(items: readonly Item[], batching: ModelManifest['batching'], collates: boolean): Item[][] {
  if (batching === 'per-sample') return items.map((item) => [item]);
  const byShape = new Map<string, Item[]>();
  for (const item of items) {
    const shape = collates
      ? ''
      : Object.values(item.prepared.inputs)
          .map((tensor) => tensor.shape.slice(1).join('x'))
          .join(';');
    const group = byShape.get(shape);
    if (group) group.push(item);
    else byShape.set(shape, [item]);
  }
  return [...byShape.values()];
}

function join(preprocessor: Preprocessor, prepared: readonly Prepared[]): Tensors {
  if (preprocessor.collate) return preprocessor.collate(prepared);
  const [first] = prepared;
  if (!first || prepared.length === 1) return first?.inputs ?? {};
  return Object.fromEntries(
    Object.keys(first.inputs).map((name) => [name, concatenate(prepared.flatMap(({ inputs }) => inputs[name] ?? []))]),
  );
}
