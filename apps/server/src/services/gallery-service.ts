import {
  afterOfPageToken,
  type ByteBudget,
  classifyResultToProto,
  enrollItemFromProto,
  enrollResultToProto,
  galleryToProto,
  type ItemPlace,
  identifyItemFromProto,
  identifyResultToProto,
  pageToProto,
  templateResultToProto,
  type v1,
} from '@affinis/contracts';
import { attempt, failure, type Galleries, type Gallery, type SinglePipeline, type TemplateView } from '@affinis/core';
import type { CallContext, Guard } from '../grpc/guard.ts';
import type { Serving } from '../live/serving.ts';
import { enrollWeight } from './enroll-weight.ts';
import { checkFilter, kOf, pageSizeOf } from './gallery-limits.ts';
import { itemStream } from './item-stream.ts';
import { checkBatch, type ServiceLimits } from './limits.ts';
import { identityOf } from './pipelines.ts';
import { eachProbe } from './probes.ts';

/** `affinis.v1.Gallery` over the galleries of one store. */
export function createGalleryService(
  serving: Serving,
  galleries: Galleries,
  guard: Guard,
  limits: ServiceLimits,
  budget: ByteBudget,
): v1.GalleryServer {
  // `serving.use` begins its work at once, so that a gallery finds its pipelines in the state that is held open.
  const enroller = ({ gallery: name, pipeline: pipelineName }: { gallery: string; pipeline: string }) => {
    const { gallery, pipeline } = open(galleries, name, pipelineName);
    return (item: v1.EnrollItem, place: ItemPlace, context: CallContext) =>
      enrollItem(gallery, pipeline, item, place, context);
  };
  return {
    createGallery: guard.unary('Gallery/CreateGallery', ({ name, pipeline }: v1.CreateGalleryRequest) =>
      serving.use(async () => ({ gallery: galleryToProto(await galleries.create(name, pipeline)) })),
    ),

    deleteGallery: guard.unary('Gallery/DeleteGallery', async ({ name }: v1.DeleteGalleryRequest) => {
      await galleries.delete(name);
      return {};
    }),

    listGalleries: guard.unary('Gallery/ListGalleries', async () => ({
      galleries: (await galleries.list()).map(galleryToProto),
    })),

    enroll: guard.unary('Gallery/Enroll', (request: v1.EnrollRequest, context) =>
      serving.use(async (): Promise<v1.EnrollResponse> => {
        const enroll = enroller(request);
        checkBatch(request.items.length, limits);
        return {
          results: await Promise.all(request.items.map((item, index) => enroll(item, placeOf(item, index), context))),
        };
      }),
    ),

    enrollStream: guard.duplex('Gallery/EnrollStream', (messages: AsyncIterable<v1.EnrollStreamRequest>, context) =>
      itemStream<v1.EnrollStart, v1.EnrollItem, v1.EnrollStreamResponse>(messages, {
        limits,
        budget,
        weigh: enrollWeight,
        open(start) {
          enroller(start);
          const enroll = (item: v1.EnrollItem, place: ItemPlace) =>
            serving
              .use(() => enroller(start)(item, place, context))
              .catch((thrown) => enrollResultToProto(place, failure(thrown)));
          return async (item) => ({
            result: item.ok
              ? await enroll(item.item, { id: item.item.id, field: 'item' })
              : enrollResultToProto({ id: item.id, field: 'item' }, failure(item.error)),
          });
        },
      }),
    ),

    identify: guard.unary('Gallery/Identify', (request: v1.IdentifyRequest, context) =>
      serving.use(async (): Promise<v1.IdentifyResponse> => {
        const { gallery, pipeline } = open(galleries, request.gallery, request.pipeline);
        const { items, filter, withMetadata } = request;
        checkBatch(items.length, limits);
        checkFilter(filter);
        const options = { k: kOf(request.k), filter, withMetadata, signal: context.signal };
        const results = await eachProbe(items, identifyItemFromProto, context, (probes) =>
          gallery.identify(pipeline, probes, options),
        );
        const identity = identityOf(pipeline);
        return {
          results: items.map((item, index) =>
            identifyResultToProto(placeOf(item, index), results[index] ?? failure(undefined), identity),
          ),
        };
      }),
    ),

    classify: guard.unary('Gallery/Classify', (request: v1.ClassifyRequest, context) =>
      serving.use(async (): Promise<v1.ClassifyResponse> => {
        const { gallery, pipeline } = open(galleries, request.gallery, request.pipeline);
        const { items, filter, labelKey } = request;
        checkBatch(items.length, limits);
        checkFilter(filter);
        const label = labelKey === '' ? {} : { labelKey };
        const options = { k: kOf(request.k), filter, ...label, signal: context.signal };
        const results = await eachProbe(items, identifyItemFromProto, context, (probes) =>
          gallery.classify(pipeline, probes, options),
        );
        const identity = identityOf(pipeline);
        return {
          results: items.map((item, index) =>
            classifyResultToProto(placeOf(item, index), results[index] ?? failure(undefined), identity),
          ),
        };
      }),
    ),

    getTemplate: guard.unary('Gallery/GetTemplate', async (request: v1.GetTemplateRequest) => {
      const gallery = galleries.find(request.gallery);
      const { withEmbeddings } = request;
      return { results: await eachId(request.ids, limits, (id) => gallery.get(id, { withEmbeddings })) };
    }),

    listTemplates: guard.unary('Gallery/ListTemplates', async (request: v1.ListTemplatesRequest) => {
      const gallery = galleries.find(request.gallery);
      const { filter, pageToken } = request;
      checkFilter(filter);
      const after = afterOfPageToken(pageToken);
      const from = after === undefined ? {} : { after };
      return pageToProto(await gallery.page({ limit: pageSizeOf(request.pageSize), filter, ...from }));
    }),

    deleteTemplate: guard.unary('Gallery/DeleteTemplate', async (request: v1.DeleteTemplateRequest) => {
      const gallery = galleries.find(request.gallery);
      return { results: await eachId(request.ids, limits, (id) => gallery.remove(id).then(() => undefined)) };
    }),
  };
}

function open(galleries: Galleries, name: string, pipelineName: string) {
  const gallery = galleries.find(name);
  return { gallery, pipeline: gallery.pipeline(pipelineName === '' ? undefined : pipelineName) };
}

async function enrollItem(
  gallery: Gallery,
  pipeline: SinglePipeline,
  item: v1.EnrollItem,
  place: ItemPlace,
  { signal, report }: CallContext,
): Promise<v1.EnrollResult> {
  const result = await attempt(() => gallery.enroll(pipeline, enrollItemFromProto(item), signal));
  if (!result.ok) report(result.error);
  return enrollResultToProto(place, result);
}

/** One result an id, in order. */
async function eachId(
  ids: readonly string[],
  limits: ServiceLimits,
  work: (id: string) => Promise<TemplateView | undefined>,
): Promise<v1.TemplateResult[]> {
  checkBatch(ids.length, limits, 'ids');
  return Promise.all(
    ids.map(async (id, index) => templateResultToProto({ id, field: `ids[${index}]` }, await attempt(() => work(id)))),
  );
}

const placeOf = ({ id }: { readonly id: string }, index: number): ItemPlace => ({ id, field: `items[${index}]` });
