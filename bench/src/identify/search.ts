import type { AffinisClient } from '@affinis/client';
import type { Embedding, Result } from '@affinis/core';
import type { Search } from '../support/identification.ts';

/** Whose sample it is, and its embedding where it has one. */
export interface Probe {
  readonly subject: string;
  readonly mated: boolean;
  readonly embedding: Result<Embedding>;
}

/** Identifies every probe by its embedding, in one pipeline. */
export async function searchAll(
  client: AffinisClient,
  gallery: string,
  pipeline: string,
  probes: readonly Probe[],
): Promise<Search[]> {
  const found = await topIds(
    client,
    gallery,
    pipeline,
    probes.flatMap(({ embedding }) => (embedding.ok ? [embedding.value] : [])),
    1,
  );
  const numbers = new Map([...new Set(probes.map(({ subject }) => subject))].map((subject, at) => [subject, at]));
  let next = 0;
  return probes.map(({ subject, mated, embedding }) => {
    const [best] = embedding.ok ? (found[next++] ?? []) : [];
    return { subject: numbers.get(subject) ?? -1, mated, score: best?.score, right: best?.templateId === subject };
  });
}

/** The best `k` of every query, best first; throws the first failure. */
export async function topIds(
  client: AffinisClient,
  gallery: string,
  pipeline: string,
  queries: readonly Embedding[],
  k: number,
): Promise<{ readonly templateId: string; readonly score: number }[][]> {
  const probes = queries.map((embedding) => [{ kind: 'embedding', embedding } as const]);
  const results = await client.identify(gallery, probes, { pipeline, k });
  return results.map((result) => {
    if (!result.ok) throw result.error;
    return [...result.value.candidates];
  });
}
