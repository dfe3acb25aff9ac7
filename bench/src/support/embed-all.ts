import type { AffinisClient } from '@affinis/client';
import type { Embedding, Result, Sample } from '@affinis/core';
import { mapBusy } from './repeat.ts';

const callItems = 32;
const callsInFlight = 3;

/** One result a sample, in order, through a server. A sample that fails does not stop the others. */
export async function embedAll(
  client: AffinisClient,
  samples: readonly Sample[],
  embedder: string,
): Promise<Result<Embedding>[]> {
  const calls = Array.from({ length: Math.ceil(samples.length / callItems) }, (_, index) =>
    samples.slice(index * callItems, (index + 1) * callItems),
  );
  const answers = await mapBusy(calls, callsInFlight, (call) => client.embed(call, { embedder }));
  return answers.flat().map((result) => (result.ok ? { ok: true, value: result.value.embedding } : result));
}

/** How many samples were refused, by reason. */
export function countReasons(results: readonly Result<unknown>[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const result of results) {
    if (result.ok) continue;
    const reason = result.error.reason ?? result.error.code;
    counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}

/** Every sample's embedding; throws the first failure. */
export async function embedEach(
  client: AffinisClient,
  samples: readonly Sample[],
  embedder: string,
): Promise<Embedding[]> {
  return (await embedAll(client, samples, embedder)).map((result) => {
    if (!result.ok) throw result.error;
    return result.value;
  });
}

/** Cosines of pairs of embeddings by the server's Score; undefined where one side is missing. */
export async function scorePairs(
  client: AffinisClient,
  pairs: readonly (readonly [Embedding | undefined, Embedding | undefined])[],
): Promise<(number | undefined)[]> {
  const whole = pairs.flatMap(([left, right]) => (left && right ? [{ left, right }] : []));
  const { results } = await client.score(whole, { metric: 'cosine' });
  let next = 0;
  return pairs.map(([left, right]) => {
    const result = left && right ? results[next++] : undefined;
    return result?.ok ? result.value : undefined;
  });
}
