import type { AffinisClient, IdentifiedEnrolment } from '@affinis/client';
import type { Result } from '@affinis/core';
import { countReasons } from '../support/embed-all.ts';
import { type BenchServer, startServer } from '../support/server.ts';
import type { OwnedSample } from './identification-set.ts';

export interface KilledEnrolment {
  /** Started after the kill, with everybody enrolled who can be. */
  readonly server: BenchServer;
  readonly figures: Readonly<Record<string, unknown>> & { readonly missingAfterKill: number };
}

/** Enrols by EnrollStream, kills the server once half is acknowledged, starts it again and enrols who is left. */
export async function enrolThroughKill(
  { gallery, pipeline, config }: { readonly gallery: string; readonly pipeline: string; readonly config: string },
  people: readonly OwnedSample[],
): Promise<KilledEnrolment> {
  const items = people.map(({ subject, sample }) => ({
    id: subject,
    templateId: subject,
    samples: [sample],
    mode: 'replace' as const,
  }));
  const before = await startServer({ config });
  await before.client.createGallery(gallery, pipeline);
  let killed = false;
  const first = await enrolUntil(before.client, gallery, items, (acknowledged) => {
    if (acknowledged === Math.floor(items.length / 2)) killed = process.kill(before.pid, 'SIGKILL');
  });
  await before.stop();
  if (!killed) throw new Error('fewer than half could be enrolled, so that the server was not killed');

  const server = await startServer({ config });
  const found = new Set(await listedIds(server.client, gallery));
  const acknowledged = [...first].flatMap(([id, { ok }]) => (ok ? [id] : []));
  const rest = await enrolUntil(
    server.client,
    gallery,
    items.filter(({ id }) => !first.has(id)),
  );
  const results = [...first.values(), ...rest.values()];
  return {
    server,
    figures: {
      acknowledgedBeforeKill: acknowledged.length,
      templatesAfterKill: found.size,
      missingAfterKill: acknowledged.filter((id) => !found.has(id)).length,
      enrolled: (await listedIds(server.client, gallery)).length,
      failedToEnrol: countReasons(results),
      neverAnswered: items.length - results.length,
    },
  };
}

/** Results by id. A stream that breaks off, because the server is gone, leaves those that came before. */
async function enrolUntil(
  client: AffinisClient,
  gallery: string,
  items: readonly IdentifiedEnrolment[],
  onAcknowledged?: (count: number) => void,
): Promise<Map<string, Result<unknown>>> {
  const results = new Map<string, Result<unknown>>();
  let acknowledged = 0;
  try {
    for await (const { id, result } of client.enrollStream(gallery, items, { deadlineMs: 600_000 })) {
      if (!result.ok && result.error.code === 'unavailable') continue;
      results.set(id, result);
      if (result.ok) onAcknowledged?.(++acknowledged);
    }
  } catch (thrown) {
    if (!onAcknowledged) throw thrown;
  }
  return results;
}

async function listedIds(client: AffinisClient, gallery: string): Promise<string[]> {
  const ids: string[] = [];
  let pageToken: string | undefined;
  do {
    const { templates, next } = await client.listTemplates(gallery, { pageSize: 1000, pageToken });
    ids.push(...templates.map(({ id }) => id));
    pageToken = next;
  } while (pageToken !== undefined);
  return ids;
}
