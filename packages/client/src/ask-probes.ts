import { identifyItemToProto, type v1 } from '@affinis/contracts';
import { failure, type Probe, type Result } from '@affinis/core';
import { type AskContext, inlineBytes } from './ask.ts';
import { batchesOf } from './batches.ts';
import { itemBytes } from './message-size.ts';
import type { CallOptions } from './options.ts';
import { shrinkProbes } from './shrink-probes.ts';

/** One result a probe, in order, by as many calls as their size needs; what cannot be sent fails alone. */
export async function askProbes<Answer>(
  context: AskContext,
  probes: readonly Probe[],
  place: { readonly gallery: string; readonly pipeline: string },
  options: CallOptions,
  call: (items: v1.IdentifyItem[]) => Promise<readonly Result<Answer>[]>,
): Promise<readonly Result<Answer>[]> {
  const small = await shrinkProbes(context, probes, place, options);
  const items = small.flatMap((probe, index) => (probe.ok ? [identifyItemToProto(String(index), probe.value)] : []));
  const answers: Result<Answer>[] = [];
  const { settings } = context;
  for (const batch of batchesOf(items, itemBytes, inlineBytes(settings), settings.maxBatchItems))
    answers.push(...(await call(batch)));
  let next = 0;
  return small.map((probe) => (probe.ok ? (answers[next++] ?? failure(undefined, 'client')) : probe));
}
