import { AffinisError, attempt, type Probe, type Result } from '@affinis/core';
import type { CallContext } from '../grpc/guard.ts';

/** Reads a batch's items and answers those that can be read in one go; one result an item, in order. */
export async function eachProbe<Item, Answer>(
  items: readonly Item[],
  read: (item: Item) => Probe,
  { report }: CallContext,
  answer: (probes: readonly Probe[]) => Promise<readonly Result<Answer>[]>,
): Promise<readonly Result<Answer>[]> {
  const probes = await Promise.all(items.map((item) => attempt(() => read(item))));
  const readable = probes.flatMap((probe) => (probe.ok ? [probe.value] : []));
  const answers = readable.length === 0 ? [] : await answer(readable);
  let next = 0;
  const results = probes.map((probe) => (probe.ok ? (answers[next++] ?? missing()) : probe));
  for (const result of results) if (!result.ok) report(result.error);
  return results;
}

const missing = (): Result<never> => ({
  ok: false,
  error: new AffinisError('internal', '[server] no result for an item'),
});
