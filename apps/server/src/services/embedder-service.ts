import {
  type ByteBudget,
  embedderListingToProto,
  embedItemFromProto,
  embedResultToProto,
  type ItemPlace,
  type v1,
} from '@affinis/contracts';
import {
  AffinisError,
  attempt,
  type EmbeddedSample,
  type EmbedderHost,
  failure,
  type Result,
  type Runtime,
} from '@affinis/core';
import type { CallContext, Guard } from '../grpc/guard.ts';
import type { Serving } from '../live/serving.ts';
import { availabilityOf } from './availability.ts';
import { itemStream } from './item-stream.ts';
import { checkBatch, type ServiceLimits } from './limits.ts';
import { defaultEmbedder } from './pipelines.ts';

/** `affinis.v1.Embedder` over the embedders that are served. */
export function createEmbedderService(
  serving: Serving,
  guard: Guard,
  limits: ServiceLimits,
  budget: ByteBudget,
): v1.EmbedderServer {
  /** Without a name, the embedder of the default pipeline for the sample's kind. */
  const chooser = (runtime: Runtime, name: string): ((item: v1.EmbedItem) => EmbedderHost) => {
    if (name === '') return (item) => defaultEmbedder(runtime, embedItemFromProto(item));
    const host = runtime.embedders.get(name);
    if (!host)
      throw new AffinisError(
        'not-found',
        `[server] no embedder "${name}"; there are: ${[...runtime.embedders.keys()].join(', ')}`,
        { field: 'embedder', reason: 'NO_EMBEDDER' },
      );
    host.assertAvailable();
    return () => host;
  };
  return {
    listEmbedders: guard.unary('Embedder/ListEmbedders', async () => ({
      embedders: [...serving.current.embedders.values()].map(({ name, state }) =>
        embedderListingToProto({
          name,
          availability: availabilityOf(state),
          ...(state.available ? { description: state.description } : {}),
        }),
      ),
    })),

    embed: guard.unary('Embedder/Embed', (request: v1.EmbedRequest, context) =>
      serving.use(async (runtime): Promise<v1.EmbedResponse> => {
        const choose = chooser(runtime, request.embedder);
        checkBatch(request.items.length, limits);
        return {
          results: await Promise.all(
            request.items.map((item, index) => embedItem(choose, item, `items[${index}]`, context)),
          ),
        };
      }),
    ),

    embedStream: guard.duplex('Embedder/EmbedStream', (messages: AsyncIterable<v1.EmbedStreamRequest>, context) =>
      itemStream<v1.EmbedStart, v1.EmbedItem, v1.EmbedStreamResponse>(messages, {
        limits,
        budget,
        open({ embedder }) {
          chooser(serving.current, embedder);
          return async (item) => ({
            result: item.ok
              ? await serving.use((runtime) =>
                  embedItem((given) => chooser(runtime, embedder)(given), item.item, 'item', context),
                )
              : resultOf(undefined, { id: item.id, field: 'item' }, failure(item.error)),
          });
        },
      }),
    ),
  };
}

async function embedItem(
  choose: (item: v1.EmbedItem) => EmbedderHost,
  item: v1.EmbedItem,
  field: string,
  { signal, report }: CallContext,
): Promise<v1.EmbedResult> {
  let host: EmbedderHost | undefined;
  const result = await attempt(async () => {
    host = choose(item);
    const [embedded] = await host.embed([embedItemFromProto(item)], signal);
    if (!embedded?.ok)
      throw (embedded?.error ?? new AffinisError('internal', '[server] no result for a sample')).at('sample');
    return embedded.value;
  });
  if (!result.ok) report(result.error);
  return resultOf(host, { id: item.id, field }, result);
}

function resultOf(host: EmbedderHost | undefined, place: ItemPlace, result: Result<EmbeddedSample>): v1.EmbedResult {
  return embedResultToProto(
    place,
    result,
    host?.state.available ? host.state.description.model : { name: '', version: '', sha256: '' },
  );
}
