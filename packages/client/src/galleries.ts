import {
  type ClassifyAnswer,
  classifyResultFromProto,
  deletionFromProto,
  galleryFromProto,
  type IdentifyAnswer,
  identifyResultFromProto,
  templateFromProto,
  templateResultFromProto,
  v1,
} from '@affinis/contracts';
import type { Enrolled, Enrolment, GalleryDescription, Probe, Result, TemplateView } from '@affinis/core';
import { type AskContext, ask, askStream, limitsOf } from './ask.ts';
import { askProbes } from './ask-probes.ts';
import { enrollProtocol, type Identified } from './item-protocol.ts';
import type { CallOptions } from './options.ts';
import { withRetry } from './retry.ts';
import type { Method } from './transport.ts';

/** Galleries of a server. Calls that fail as a whole throw an AffinisError; items fail in their results. */
export interface GalleryCalls {
  /** The pipeline's space becomes the gallery's. */
  createGallery(name: string, pipeline: string, options?: CallOptions): Promise<GalleryDescription>;
  deleteGallery(name: string, options?: CallOptions): Promise<void>;
  listGalleries(options?: CallOptions): Promise<readonly GalleryDescription[]>;
  /** A success is on the server's disk. An item that was sent again after a lost answer may be enrolled twice. */
  enroll(gallery: string, enrolments: readonly Enrolment[], options?: InGallery): Promise<readonly Result<Enrolled>[]>;
  /** Results as they come, in any order. */
  enrollStream(
    gallery: string,
    items: Iterable<IdentifiedEnrolment> | AsyncIterable<IdentifiedEnrolment>,
    options?: InGallery,
  ): AsyncIterable<Identified<Enrolled>>;
  identify(
    gallery: string,
    probes: readonly Probe[],
    options?: SearchOptions & { readonly withMetadata?: boolean | undefined },
  ): Promise<readonly Result<IdentifyAnswer>[]>;
  classify(
    gallery: string,
    probes: readonly Probe[],
    options?: SearchOptions & { readonly labelKey?: string | undefined },
  ): Promise<readonly Result<ClassifyAnswer>[]>;
  getTemplates(
    gallery: string,
    ids: readonly string[],
    options?: CallOptions & { readonly withEmbeddings?: boolean },
  ): Promise<readonly Result<TemplateView>[]>;
  listTemplates(gallery: string, options?: CallOptions & PageRequest): Promise<TemplateListing>;
  deleteTemplates(gallery: string, ids: readonly string[], options?: CallOptions): Promise<readonly Result<void>[]>;
}

export type IdentifiedEnrolment = Enrolment & { readonly id: string };

/** `pipeline` absent: the gallery's. */
export interface InGallery extends CallOptions {
  readonly pipeline?: string | undefined;
}

export interface SearchOptions extends InGallery {
  /** Candidates, or templates that vote; default 5, at most 100. */
  readonly k?: number | undefined;
  /** Only templates whose metadata holds all of these pairs. */
  readonly filter?: Readonly<Record<string, string>> | undefined;
}

export interface PageRequest {
  /** Default 100, at most 1000. */
  readonly pageSize?: number | undefined;
  /** `next` of the page before. */
  readonly pageToken?: string | undefined;
  readonly filter?: Readonly<Record<string, string>> | undefined;
}

export interface TemplateListing {
  readonly templates: readonly TemplateView[];
  /** Absent: this is the last page. */
  readonly next?: string;
}

export function createGalleryCalls(context: AskContext): GalleryCalls {
  const { settings, transport } = context;
  const unary = <I, O>(method: Method<I, O>, request: I, call: CallOptions): Promise<O> => {
    const limits = limitsOf(settings, call);
    return withRetry(settings.retry, limits, () => transport.unary(method, request, limits));
  };
  const { maxBatchItems } = settings;
  return {
    createGallery: async (name, pipeline, call = {}) =>
      galleryFromProto((await unary(v1.GalleryService.createGallery, { name, pipeline }, call)).gallery),
    async deleteGallery(name, call = {}) {
      await unary(v1.GalleryService.deleteGallery, { name }, call);
    },
    listGalleries: async (call = {}) =>
      (await unary(v1.GalleryService.listGalleries, {}, call)).galleries.map(galleryFromProto),

    enroll: (gallery, enrolments, call = {}) =>
      ask(context, enrollProtocol(gallery, call.pipeline ?? ''), enrolments, call),
    enrollStream: (gallery, items, call = {}) =>
      askStream(context, enrollProtocol(gallery, call.pipeline ?? ''), inputsOf(items), call),

    identify: (gallery, probes, { pipeline = '', k = 0, filter = {}, withMetadata = false, ...call } = {}) =>
      askProbes(context, probes, { gallery, pipeline }, call, async (items) => {
        const request = { gallery, pipeline, items, k, filter: { ...filter }, withMetadata };
        return (await unary(v1.GalleryService.identify, request, call)).results.map(identifyResultFromProto);
      }),
    classify: (gallery, probes, { pipeline = '', k = 0, filter = {}, labelKey = '', ...call } = {}) =>
      askProbes(context, probes, { gallery, pipeline }, call, async (items) => {
        const request = { gallery, pipeline, items, k, filter: { ...filter }, labelKey };
        return (await unary(v1.GalleryService.classify, request, call)).results.map(classifyResultFromProto);
      }),

    getTemplates: (gallery, ids, { withEmbeddings = false, ...call } = {}) =>
      inGroups(ids, withEmbeddings ? 1 : maxBatchItems, async (some) => {
        const request = { gallery, ids: some, withEmbeddings };
        return (await unary(v1.GalleryService.getTemplate, request, call)).results.map(templateResultFromProto);
      }),
    async listTemplates(gallery, { pageSize = 0, pageToken = '', filter = {}, ...call } = {}) {
      const request = { gallery, pageSize, pageToken, filter: { ...filter } };
      const { templates, nextPageToken } = await unary(v1.GalleryService.listTemplates, request, call);
      return {
        templates: templates.map(templateFromProto),
        ...(nextPageToken === '' ? {} : { next: nextPageToken }),
      };
    },
    deleteTemplates: (gallery, ids, call = {}) =>
      inGroups(ids, maxBatchItems, async (some) => {
        const { results } = await unary(v1.GalleryService.deleteTemplate, { gallery, ids: some }, call);
        return results.map(deletionFromProto);
      }),
  };
}

async function* inputsOf(items: Iterable<IdentifiedEnrolment> | AsyncIterable<IdentifiedEnrolment>) {
  for await (const { id, ...input } of items) yield { id, input };
}

async function inGroups<T, R>(items: readonly T[], size: number, work: (group: T[]) => Promise<R[]>): Promise<R[]> {
  const results: R[] = [];
  for (let first = 0; first < items.length; first += size)
    results.push(...(await work(items.slice(first, first + size))));
  return results;
}
