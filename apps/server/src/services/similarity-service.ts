import {
  type ByteBudget,
  compareResultToProto,
  type ItemPlace,
  pipelineListingToProto,
  type v1,
  verifyItemFromProto,
  verifyResultToProto,
} from '@affinis/contracts';
import {
  AffinisError,
  attempt,
  type Comparison,
  compare,
  failure,
  type Pipeline,
  type Result,
  type Runtime,
  type Verification,
  verify,
} from '@affinis/core';
import type { CallContext, Guard } from '../grpc/guard.ts';
import type { Serving } from '../live/serving.ts';
import { itemStream } from './item-stream.ts';
import { checkBatch, type ServiceLimits } from './limits.ts';
import { defaultPipeline, identityOf, listingOf, pipelinesLike, usablePipeline } from './pipelines.ts';

/** `affinis.v1.Similarity` over the pipelines that are served. */
export function createSimilarityService(
  serving: Serving,
  guard: Guard,
  limits: ServiceLimits,
  budget: ByteBudget,
): v1.SimilarityServer {
  const verifier = (runtime: Runtime, name: string) => {
    const named = name === '' ? undefined : usablePipeline(runtime, name);
    return async (item: v1.VerifyItem, place: ItemPlace, { signal, report }: CallContext): Promise<v1.VerifyResult> => {
      let pipeline: Pipeline | undefined = named;
      const result = await attempt(async () => {
        const comparison = verifyItemFromProto(item);
        pipeline ??= defaultPipeline(runtime, comparison);
        return unwrap((await verify(pipeline, [comparison], signal))[0]);
      });
      if (!result.ok) report(result.error);
      return verifyResult(place, result, pipeline);
    };
  };

  const comparer = (runtime: Runtime, names: readonly string[]) => {
    const repeated = names.find((name, index) => names.indexOf(name) !== index);
    if (repeated !== undefined)
      throw new AffinisError('invalid-argument', `[server] pipeline "${repeated}" is named twice; name each once`, {
        field: 'pipelines',
      });
    const named = names.map((name) => usablePipeline(runtime, name));
    const choose = (comparison: Comparison) =>
      named.length > 0 ? named : pipelinesLike(runtime, defaultPipeline(runtime, comparison));
    return async (
      item: v1.VerifyItem,
      place: ItemPlace,
      { signal, report }: CallContext,
    ): Promise<v1.CompareResult> => {
      const results = await attempt(async () => {
        const comparison = verifyItemFromProto(item);
        const pipelines = choose(comparison);
        const [row = []] = await compare(pipelines, [comparison], signal);
        return pipelines.map((pipeline, index) => ({
          pipeline: identityOf(pipeline),
          result: row[index] ?? failure(undefined, 'server'),
        }));
      });
      for (const result of results.ok ? results.value.map(({ result }) => result) : [results])
        if (!result.ok) report(result.error);
      return compareResultToProto(place, results);
    };
  };

  return {
    listPipelines: guard.unary('Similarity/ListPipelines', async () => ({
      pipelines: [...serving.current.pipelines.values()].map((pipeline) =>
        pipelineListingToProto(listingOf(serving.current, pipeline)),
      ),
    })),

    verify: guard.unary('Similarity/Verify', (request: v1.VerifyRequest, context) =>
      serving.use(async (runtime): Promise<v1.VerifyResponse> => {
        const answer = verifier(runtime, request.pipeline);
        checkBatch(request.items.length, limits);
        return {
          results: await Promise.all(request.items.map((item, index) => answer(item, placeOf(item, index), context))),
        };
      }),
    ),

    verifyStream: guard.duplex('Similarity/VerifyStream', (messages: AsyncIterable<v1.VerifyStreamRequest>, context) =>
      itemStream<v1.VerifyStart, v1.VerifyItem, v1.VerifyStreamResponse>(messages, {
        limits,
        budget,
        open({ pipeline }) {
          verifier(serving.current, pipeline);
          const answer = (item: v1.VerifyItem, place: ItemPlace) =>
            serving
              .use((runtime) => verifier(runtime, pipeline)(item, place, context))
              .catch((thrown) => verifyResult(place, failure(thrown), undefined));
          return async (item) => ({
            result: item.ok
              ? await answer(item.item, streamPlace(item.item.id))
              : verifyResult(streamPlace(item.id), failure(item.error), undefined),
          });
        },
      }),
    ),

    compare: guard.unary('Similarity/Compare', (request: v1.CompareRequest, context) =>
      serving.use(async (runtime): Promise<v1.CompareResponse> => {
        const answer = comparer(runtime, request.pipelines);
        checkBatch(request.items.length, limits);
        return {
          results: await Promise.all(request.items.map((item, index) => answer(item, placeOf(item, index), context))),
        };
      }),
    ),

    compareStream: guard.duplex(
      'Similarity/CompareStream',
      (messages: AsyncIterable<v1.CompareStreamRequest>, context) =>
        itemStream<v1.CompareStart, v1.VerifyItem, v1.CompareStreamResponse>(messages, {
          limits,
          budget,
          open({ pipelines }) {
            comparer(serving.current, pipelines);
            const answer = (item: v1.VerifyItem, place: ItemPlace) =>
              serving
                .use((runtime) => comparer(runtime, pipelines)(item, place, context))
                .catch((thrown) => compareResultToProto(place, failure(thrown)));
            return async (item) => ({
              result: item.ok
                ? await answer(item.item, streamPlace(item.item.id))
                : compareResultToProto(streamPlace(item.id), failure(item.error)),
            });
          },
        }),
    ),
  };
}

const placeOf = ({ id }: v1.VerifyItem, index: number): ItemPlace => ({ id, field: `items[${index}]` });
const streamPlace = (id: string): ItemPlace => ({ id, field: 'item' });

function verifyResult(place: ItemPlace, result: Result<Verification>, pipeline: Pipeline | undefined): v1.VerifyResult {
  const nobody = {
    pipeline: '',
    model: { name: '', version: '', sha256: '' },
    metric: { name: '', polarity: 'similarity' },
  } as const;
  return verifyResultToProto(place, result, pipeline ? identityOf(pipeline) : nobody);
}

function unwrap<T>(result: Result<T> | undefined): T {
  if (result?.ok) return result.value;
  throw result?.error ?? new AffinisError('internal', '[server] no result for an item');
}
