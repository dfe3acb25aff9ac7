import { createHash } from 'node:crypto';
import {
  AffinisError,
  attempt,
  type Degradation,
  type Embedding,
  failure,
  type Result,
  type Runtime,
  type Sample,
} from '@affinis/core';
import { contentKey, openEmbeddingCache } from './embedding-cache.ts';
import { readSampleFile } from './read-sample-file.ts';

export interface EmbedAllOptions {
  readonly runtime: Runtime;
  /** Name of an embedder that is available. */
  readonly embedder: string;
  /** Files, or sentences where `text`. */
  readonly samples: readonly string[];
  readonly text: boolean;
  /** Degrades every sample, each by a seed of its own made of this one and its content. */
  readonly degradation?: Degradation | undefined;
  readonly onProgress?: () => void;
}

/** One result a sample, in order; what was embedded before comes from the cache. */
export async function embedAll(options: EmbedAllOptions): Promise<readonly Result<Embedding>[]> {
  const { runtime, embedder, samples, text, degradation, onProgress } = options;
  const host = runtime.embedders.get(embedder);
  host?.assertAvailable();
  if (!host?.state.available) throw new AffinisError('internal', `embedder "${embedder}" is not loaded`);
  const cache = openEmbeddingCache(host.state.description, runtime.config.embedders[embedder]?.options ?? {});
  const treatment = degradation ? `${degradation.recipe} ${degradation.seed}` : '';
  const results: Result<Embedding>[] = [];
  const waiting = samples.entries();

  const embedOne = async (sample: string): Promise<Embedding> => {
    const content = text ? sample : await readSampleFile(sample);
    const key = contentKey(content, treatment);
    const known = cache.get(key);
    if (known) return known;
    const raw: Sample =
      typeof content === 'string' ? { kind: 'text', text: content } : { kind: 'media', bytes: content };
    const prepared = degradation ? await degrade(runtime, host.key, raw, { ...degradation, seed: seedOf(key) }) : raw;
    const [embedded] = await host.embed([prepared]);
    if (!embedded?.ok) throw embedded?.error;
    await cache.add(key, embedded.value.embedding);
    return embedded.value.embedding;
  };
  const lane = async () => {
    for (const [index, sample] of waiting) {
      results[index] = await attempt(() => embedOne(sample), 'affinis');
      onProgress?.();
    }
  };
  // As many as keep every worker's next batch full.
  await Promise.all(Array.from({ length: runtime.pool.size * 2 * runtime.config.batching.maxItems }, lane));
  return results;
}

async function degrade(runtime: Runtime, key: string, sample: Sample, degradation: Degradation): Promise<Sample> {
  const [result = failure(undefined)] = await runtime.pool.transform(key, [sample], [degradation]);
  if (!result.ok) throw result.error;
  return result.value;
}

/** The first four bytes of the digest of a hexadecimal key. */
const seedOf = (key: string): number => createHash('sha256').update(key).digest().readUInt32LE(0);
