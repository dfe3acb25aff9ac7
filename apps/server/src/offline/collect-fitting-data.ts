import {
  AffinisError,
  attempt,
  type Embedded,
  failure,
  type Result,
  type Runtime,
  type Sample,
  type Tensors,
} from '@affinis/core';
import type { FittingData } from '@affinis/fitting';
import type { LabelledSamples } from './labelled-samples.ts';
import { readSampleFile } from './read-sample-file.ts';

export interface CollectOptions {
  readonly runtime: Runtime;
  /** Name of an embedder that is available. */
  readonly embedder: string;
  readonly labels: LabelledSamples;
  /** Degraded copies of each sample, besides itself. */
  readonly copies: number;
  /** Recipe of the copies, default `any`: one to three kinds, never clean; the sample itself is the clean copy. */
  readonly recipe?: string | undefined;
  readonly seed: number;
  /** Whether to keep the model's features: false where its manifest names none, for those would be the embeddings. */
  readonly features: boolean;
  /** Given the model's input tensors of each copy that was embedded, which lies in row `copy * N + sample`. */
  readonly onInputs?: ((row: number, inputs: Tensors) => Promise<void>) | undefined;
  /** Called after each sample. */
  readonly onProgress: () => void;
}

export interface Collected {
  readonly data: FittingData;
  /** Samples of which not even the original could be embedded, by reason. */
  readonly failures: ReadonlyMap<string, number>;
}

/**
 * Embeds samples and degraded copies of them in the workers, keeping what an uncertainty head reads. Throws
 * `invalid-argument` for a recipe that the modality does not know, and where no sample can be embedded.
 */
export async function collectFittingData(options: CollectOptions): Promise<Collected> {
  const { runtime, labels, copies, onProgress } = options;
  const count = labels.samples.length;
  const rows = (copies + 1) * count;
  const failed = new Uint8Array(rows).fill(1);
  const failures = new Map<string, number>();
  let embeddings: Float32Array | undefined;
  let features: Float32Array | undefined;

  const keep = async (row: number, { embedding, features: read, inputs }: Embedded) => {
    embeddings ??= new Float32Array(rows * embedding.mean.length);
    embeddings.set(embedding.mean, row * embedding.mean.length);
    if (options.features && read) {
      features ??= new Float32Array(rows * read.length);
      features.set(read, row * read.length);
    }
    if (inputs) await options.onInputs?.(row, inputs);
    failed[row] = 0;
  };
  const collectOne = async (index: number, given: string) => {
    const outcome = await attempt(() => embedCopies(options, index, given), 'affinis');
    if (!outcome.ok && outcome.error.reason === 'NO_DEGRADATION') throw outcome.error;
    const results = outcome.ok ? outcome.value : [outcome];
    for (const [copy, result] of results.entries()) if (result.ok) await keep(copy * count + index, result.value);
    const [original] = results;
    if (original && !original.ok) {
      const reason = original.error.reason ?? original.error.code;
      failures.set(reason, (failures.get(reason) ?? 0) + 1);
    }
    onProgress();
  };
  const waiting = labels.samples.entries();
  let stopped = false;
  const lane = async () => {
    for (const [index, given] of waiting) {
      if (stopped) return;
      await collectOne(index, given).catch((thrown) => {
        stopped = true;
        throw thrown;
      });
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: runtime.pool.size * 2 }, lane));
  for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason;

  if (!embeddings)
    throw new AffinisError(
      'invalid-argument',
      `none of the ${count} samples could be embedded: ${JSON.stringify(Object.fromEntries(failures))}`,
      { field: 'labels' },
    );
  const dimension = embeddings.length / rows;
  const data = {
    subjects: labels.subjects,
    copies: copies + 1,
    dimension,
    embeddings,
    ...(features ? { features } : {}),
    failed,
  };
  return { data, failures };
}

/** The sample and its copies, embedded; a copy that cannot be embedded fails alone. */
async function embedCopies(
  { runtime: { pool, embedders }, embedder: name, labels, copies, recipe = 'any', seed, onInputs }: CollectOptions,
  index: number,
  given: string,
): Promise<readonly Result<Embedded>[]> {
  const sample: Sample = labels.text
    ? { kind: 'text', text: given }
    : { kind: 'media', bytes: await readSampleFile(given) };
  const embedder = embedders.get(name)?.key ?? name;
  const [canonical] = await pool.transform(embedder, [sample]);
  if (!canonical?.ok) return [canonical ?? failure(undefined)];
  const degradations = Array.from({ length: copies }, (_, copy) => ({
    recipe,
    seed: (seed + index * (copies + 1) + copy) >>> 0,
  }));
  const degraded = await pool.transform(
    embedder,
    degradations.map(() => canonical.value),
    degradations,
  );
  for (const copy of degraded) if (!copy.ok && copy.error.reason === 'NO_DEGRADATION') throw copy.error;
  const made = [canonical, ...degraded];
  const whole = made.flatMap((result) => (result.ok ? [result.value] : []));
  const embedded = await pool.embed(embedder, whole, { features: true, inputs: onInputs !== undefined });
  let next = 0;
  return made.map((result) => (result.ok ? (embedded[next++] ?? failure(undefined)) : result));
}
