import {
  type FusionKind,
  fusionKinds,
  type GalleryDescription,
  type TemplatePage,
  type TemplateView,
} from '@affinis/core';
import { invalid } from './bytes.ts';
import { embeddingFromProto, embeddingToProto, varianceKindFromProto, varianceKindToProto } from './embedding-codec.ts';
import type * as pb from './generated/affinis/v1/gallery.ts';

export function galleryToProto(gallery: GalleryDescription): pb.GalleryDescription {
  const { varianceKind, varianceId, templates, createdAt, ...rest } = gallery;
  return {
    ...rest,
    varianceKind: varianceKindToProto(varianceKind),
    varianceId: varianceId ?? '',
    templates: BigInt(templates),
    createdAt: new Date(createdAt),
  };
}

export function galleryFromProto(message: pb.GalleryDescription | undefined): GalleryDescription {
  if (!message) throw invalid('is missing', 'gallery');
  const { varianceKind, varianceId, templates, createdAt, fusion, ...rest } = message;
  return {
    ...rest,
    varianceKind: varianceKindFromProto(varianceKind),
    ...(varianceId === '' ? {} : { varianceId }),
    fusion: fusionKinds.find((kind) => kind === fusion) ?? ('mean' satisfies FusionKind),
    templates: Number(templates),
    createdAt: createdAt?.getTime() ?? 0,
  };
}

export function templateToProto(template: TemplateView): pb.Template {
  const { id, revision, sourceCount, metadata, fused, sources = [] } = template;
  return {
    id,
    revision,
    sourceCount,
    metadata: { ...metadata },
    createdAt: new Date(template.createdAt),
    updatedAt: new Date(template.updatedAt),
    consentAt: dateOf(template.consentAt),
    expiresAt: dateOf(template.expiresAt),
    fused: fused && embeddingToProto(fused),
    sources: sources.map(({ embedding, enrolledAt }) => ({
      embedding: embeddingToProto(embedding),
      enrolledAt: new Date(enrolledAt),
    })),
  };
}

export function templateFromProto(message: pb.Template | undefined): TemplateView {
  if (!message) throw invalid('is missing', 'template');
  const { id, revision, sourceCount, metadata, createdAt, updatedAt, consentAt, expiresAt, fused, sources } = message;
  return {
    id,
    revision,
    sourceCount,
    metadata,
    createdAt: createdAt?.getTime() ?? 0,
    updatedAt: updatedAt?.getTime() ?? 0,
    ...(consentAt ? { consentAt: consentAt.getTime() } : {}),
    ...(expiresAt ? { expiresAt: expiresAt.getTime() } : {}),
    ...(fused ? { fused: embeddingFromProto(fused, 'template.fused') } : {}),
    ...(sources.length === 0
      ? {}
      : {
          sources: sources.map(({ embedding, enrolledAt }, index) => ({
            embedding: embeddingFromProto(embedding, `template.sources[${index}].embedding`),
            enrolledAt: enrolledAt?.getTime() ?? 0,
          })),
        }),
  };
}

export const pageToProto = ({ templates, next }: TemplatePage): pb.ListTemplatesResponse => ({
  templates: templates.map(templateToProto),
  nextPageToken: next === undefined ? '' : pageTokenOf(next),
});

/** Opaque to clients; the digit is its version. */
export const pageTokenOf = (after: string): string => Buffer.from(`1:${after}`).toString('base64url');

/** The id that the page begins after; throws `invalid-argument` for what is no page token of ours. */
export function afterOfPageToken(token: string): string | undefined {
  if (token === '') return undefined;
  const text = Buffer.from(token, 'base64url').toString();
  if (text.startsWith('1:') && Buffer.from(text).toString('base64url') === token) return text.slice(2);
  throw invalid(
    'is none that this server gave; send next_page_token of the page before',
    'page_token',
    'BAD_PAGE_TOKEN',
  );
}

/** Throws `invalid-argument` for a time that no calendar has. */
export function timeFromProto(date: Date | undefined, field: string): number | undefined {
  if (date === undefined) return undefined;
  if (Number.isNaN(date.getTime())) throw invalid('is no time between the years 1 and 9999', field);
  return date.getTime();
}

export const dateOf = (time: number | undefined): Date | undefined => (time === undefined ? undefined : new Date(time));
