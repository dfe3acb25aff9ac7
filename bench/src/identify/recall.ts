import type { AffinisClient } from '@affinis/client';
import type { Embedding } from '@affinis/core';
import { type BenchServer, withServer } from '../support/server.ts';
import { mean } from '../support/statistics.ts';
import { topIds } from './search.ts';

const gallery = 'everything';
const k = 10;
/** Every n-th embedding is a query, the others are templates. */
const queryEvery = 10;

/**
 * Share of the exact scan's ten best that a scan of quantised rows finds, through the server, each metric its own. Stops
 * the server and starts it over the same folder with a configuration that leaves no memory for exact rows.
 */
export async function quantisedRecall(
  exactServer: BenchServer,
  quantisedConfig: string,
  pipelines: readonly string[],
  embeddings: readonly Embedding[],
) {
  const queries = embeddings.filter((_, index) => index % queryEvery === 0);
  const templates = embeddings.filter((_, index) => index % queryEvery !== 0);
  const { client } = exactServer;
  await client.createGallery(gallery, pipelines[0] ?? '');
  const items = templates.map((embedding, index) => ({
    id: `${index}`,
    templateId: `${index}`,
    samples: [{ kind: 'embedding', embedding } as const],
  }));
  for await (const { result } of client.enrollStream(gallery, items)) if (!result.ok) throw result.error;
  const ask = async (asked: AffinisClient) => {
    const found: string[][][] = [];
    for (const pipeline of pipelines)
      found.push(
        (await topIds(asked, gallery, pipeline, queries, k)).map((best) => best.map(({ templateId }) => templateId)),
      );
    return found;
  };
  const exact = await ask(client);
  await exactServer.stop();
  const quantised = await withServer({ config: quantisedConfig }, (server) => ask(server.client));
  return {
    templates: templates.length,
    queries: queries.length,
    recallAt10: Object.fromEntries(
      pipelines.map((pipeline, at) => [pipeline, recallOf(exact[at] ?? [], quantised[at] ?? [])]),
    ),
  };
}

/** Not rounded: 0.99999 is not 1. */
const recallOf = (exact: readonly string[][], quantised: readonly string[][]): number =>
  mean(
    exact.map((ids, query) => {
      const found = new Set(quantised[query]);
      return ids.filter((id) => found.has(id)).length / ids.length;
    }),
  );
