import { embedderListingToProto, embedItemFromProto, embedResultToProto, type v1 } from '@affinis/contracts';
import {
  AffinisError,
  checkEmbedded,
  type Embedded,
  type Embedder,
  failure,
  type Result,
  type Sample,
  success,
} from '@affinis/core';
import { logged, unary } from './handlers.ts';
import type { Instances } from './instances.ts';

/** `affinis.v1.Embedder` over a plugin's instances. A host asks by batch: streams are for clients of a server. */
export function createEmbedderService(instances: Instances): v1.EmbedderServer {
  return {
    listEmbedders: unary(async () => ({
      embedders: instances.components.flatMap(({ kind, definition: { id } }) =>
        kind === 'embedder' ? [embedderListingToProto({ name: id, availability: { available: true } })] : [],
      ),
    })),
    embed: unary(async ({ items }, metadata) => {
      const { embedder } = instances.of(metadata, 'embedder');
      if (items.length === 0) throw emptyBatch('items');
      const results = await embedAll(embedder, items.map(readItem));
      return {
        results: results.map((result, at) => {
          const timed = result.ok ? success({ ...result.value, queueMs: 0 }) : failure(logged(result.error));
          return embedResultToProto(
            { id: items[at]?.id ?? '', field: `items[${at}]` },
            timed,
            embedder.description.model,
          );
        }),
      };
    }),
    embedStream: (call) => {
      const message = '[plugin] a plugin embeds by batch; call Embed';
      call.emit('error', { code: 12, details: message });
    },
  };
}

export const emptyBatch = (field: string): AffinisError =>
  new AffinisError('invalid-argument', `[plugin] ${field} is empty; send at least one`, { field, reason: 'EMPTY' });

function readItem(item: v1.EmbedItem): Result<Sample> {
  try {
    return success(embedItemFromProto(item));
  } catch (thrown) {
    return failure(thrown);
  }
}

/** Samples that cannot be read fail alone; so do those of which the embedder makes nothing sound. */
async function embedAll(embedder: Embedder, samples: readonly Result<Sample>[]): Promise<readonly Result<Embedded>[]> {
  const readable = samples.flatMap((sample) => (sample.ok ? [sample.value] : []));
  const embedded = readable.length === 0 ? [] : await tryAll(embedder, readable);
  let next = 0;
  return samples.map((sample) => {
    if (!sample.ok) return sample;
    const result = embedded[next++] ?? failure(new Error('no result for a sample'));
    if (result.ok) return checkEmbedded(result, embedder.description);
    return failure(result.error.at('sample'));
  });
}

async function tryAll(embedder: Embedder, samples: readonly Sample[]): Promise<readonly Result<Embedded>[]> {
  try {
    const results = await embedder.embed(samples);
    if (results.length === samples.length) return results;
    throw new Error(`${results.length} results for ${samples.length} samples`);
  } catch (thrown) {
    return samples.map(() => failure(thrown, 'plugin'));
  }
}
