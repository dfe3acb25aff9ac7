import assert from 'node:assert/strict';
import type { Embedding, Result, StoredGallery, Template, TemplateStore } from '@affinis/core';

/** What the suite of template stores puts into them, and how it compares what it gets back. */

type VarianceKind = StoredGallery['varianceKind'];

export const galleryOf = (name: string, varianceKind: VarianceKind = 'diagonal'): StoredGallery => ({
  name,
  space: 'test-space',
  dimension: 5,
  unitNorm: false,
  varianceKind,
  ...(varianceKind === 'none' ? {} : { varianceId: 'head-1' }),
  createdAt: 1_700_000_000_000,
  settings: { metric: 'mls', nested: { list: [1, 'two', null] } },
});

/** An embedding that depends on `seed`; values that float32 holds. */
export function embeddingOf(seed: number, varianceKind: VarianceKind = 'diagonal'): Embedding {
  const mean = Float32Array.from({ length: 5 }, (_, d) => Math.sin(seed * 7 + d) + 0.001 * seed);
  const values = Float32Array.from({ length: varianceKind === 'scalar' ? 1 : 5 }, (_, d) => 0.1 + ((seed + d) % 9));
  return {
    mean,
    ...(varianceKind === 'none' ? {} : { variance: { kind: varianceKind, values }, varianceId: 'head-1' }),
    unitNorm: false,
    space: 'test-space',
  };
}

/** A template of one source, which is its fused embedding. */
export function templateOf(id: string, seed = 1, changes: Partial<Template> = {}, kind?: VarianceKind): Template {
  const fused = embeddingOf(seed, kind);
  return {
    id,
    fused,
    sources: [{ embedding: fused, enrolledAt: seed }],
    metadata: {},
    createdAt: 1000 + seed,
    updatedAt: 2000 + seed,
    ...changes,
  };
}

export async function write(store: TemplateStore, ...batch: Parameters<TemplateStore['write']>[0]) {
  return (await store.write(batch)).map(answerOf);
}

export function answerOf<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw result.error;
}

/** Equal in every field and digit; a plain comparison would mind which realm's objects they are made of. */
export function assertSame(actual: unknown, expected: unknown): void {
  assert.deepEqual(plain(actual), plain(expected));
}

function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return [value.constructor.name, ...(value as unknown as Iterable<number>)];
  if (Array.isArray(value)) return Array.from(value, plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return entries.sort(([left], [right]) => (left < right ? -1 : 1)).map(([name, field]) => [name, plain(field)]);
}
