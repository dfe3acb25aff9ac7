import { readFile } from 'node:fs/promises';
import { AffinisError, attempt, type Embedded, failure, type Result, type Runtime, type Sample } from '@affinis/core';
import type { FittingData } from '@affinis/fitting';
import type { LabelledSamples } from './labelled-samples.ts';

export interface CollectOptions {
  readonly runtime: Runtime;
  /** Name of an embedder that is available. */
  readonly embedder: string;
  readonly labels: LabelledSamples;
  /** Degraded copies of each sample, besides itself. */
  readonly copies: number;
  readonly seed: number;
  /** Called after each sample. */
  readonly onProgress: () => void;
}

export interface Collected {
  readonly data: FittingData;
  /** Samples of which not even the original could be embedded, by reason. */
  readonly failures: ReadonlyMap<string, number>;
}

/** Recipe of the copies: one to three kinds, never clean; the sample itself is the clean copy. */
const recipe = 'any';

/** Embeds samples and degraded copies of them in the workers, keeping what an uncertainty head reads. */
export async function collectFittingData(options: CollectOptions): Promise<Collected> {
  const { runtime, labels, copies, onProgress } = options;
  const count = labels.samples.length;
  const rows = (copies + 1) * count;
  const failed = new Uint8Array(rows).fill(1);
  const failures = new Map<string, number>();
  let embeddings: Float32Array | undefined;
  let features: Float32Array | undefined;

  const keep = (row: number, { embedding, features: read }: Embedded) => {
    embeddings ??= new Float32Array(rows * embedding.mean.length);
    embeddings.set(embedding.mean, row * embedding.mean.length);
    if (read) {
      features ??= new Float32Array(rows * read.length);
      features.set(read, row * read.length);
    }
    failed[row] = 0;
  };
  const collectOne = async (index: number, given: string) => {
    const outcome = await attempt(() => embedCopies(options, index, given), 'affinis');
    const results = outcome.ok ? outcome.value : [outcome];
    for (const [copy, result] of results.entries()) if (result.ok) keep(copy * count + index, result.value);
    const [original] = results;
    if (original && !original.ok) {
      const reason = original.error.reason ?? original.error.code;
      failures.set(reason, (failures.get(reason) ?? 0) + 1);
    }
    onProgress();
  };
  const waiting = labels.samples.entries();
  const lane = async () => {
    for (const [index, given] of waiting) await collectOne(index, given);
  };
  await Promise.all(Array.from({ length: runtime.pool.size * 2 }, lane));

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
  { runtime: { pool }, embedder, labels, copies, seed }: CollectOptions,
  index: number,
  given: string,
): Promise<readonly Result<Embedded>[]> {
  const sample: Sample = labels.text
    ? { kind: 'text', text: given }
    : { kind: 'media', bytes: new Uint8Array(await readFile(given)) };
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
  const made = [canonical, ...degraded];
  const whole = made.flatMap((result) => (result.ok ? [result.value] : []));
  const embedded = await pool.embed(embedder, whole, { features: true });
  let next = 0;
  return made.map((result) => (result.ok ? (embedded[next++] ?? failure(undefined)) : result));
}
