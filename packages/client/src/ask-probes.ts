import type { v1 } from '@affinis/contracts';
import { AffinisError, attempt, failure, type Probe, type Result } from '@affinis/core';
import { inlineBytes } from './ask.ts';
import { batchesOf } from './batches.ts';
import { itemBytes } from './message-size.ts';
import type { Settings } from './options.ts';

/** One result a probe, in order, by as many calls as their size needs; what cannot be sent fails alone. */
export async function askProbes<Answer>(
  settings: Settings,
  probes: readonly Probe[],
  message: (id: string, probe: Probe) => v1.IdentifyItem,
  call: (items: v1.IdentifyItem[]) => Promise<readonly Result<Answer>[]>,
): Promise<readonly Result<Answer>[]> {
  const maxBytes = inlineBytes(settings);
  const items = await Promise.all(
    probes.map((probe, index) => attempt(() => fitting(message(String(index), probe), maxBytes), 'client')),
  );
  const sendable = items.flatMap((item) => (item.ok ? [item.value] : []));
  const answers: Result<Answer>[] = [];
  for (const batch of batchesOf(sendable, itemBytes, maxBytes, settings.maxBatchItems))
    answers.push(...(await call(batch)));
  let next = 0;
  return items.map((item) => (item.ok ? (answers[next++] ?? failure(undefined, 'client')) : item));
}

function fitting(item: v1.IdentifyItem, maxBytes: number): v1.IdentifyItem {
  if (itemBytes(item) <= maxBytes) return item;
  throw new AffinisError(
    'resource-exhausted',
    `[client] the samples are larger than one message (${maxBytes} bytes); embed them with embedStream and send the embeddings`,
    { field: 'samples', reason: 'MESSAGE_TOO_LARGE' },
  );
}
