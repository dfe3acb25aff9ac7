import { z } from 'zod';
import { checkEmbedding, type Embedding } from '../../embedding.ts';
import { AffinisError } from '../../errors.ts';
import { fieldPath, problemsOf } from '../../schema-problems.ts';
import { decodeFloats, encodeFloats } from '../../uncertainty/base64-numbers.ts';
import { checkMetadata } from '../check-enrolment.ts';
import { checkTemplate } from '../check-write.ts';
import type { StoredGallery, Template } from '../template-store.ts';

/*
 * A gallery as JSON Lines: a header that describes the gallery, then a template a line. Vectors are base64 of
 * little-endian float32. Sequence and revision numbers are a store's own and stay out.
 */
export const exchangeFormat = 'affinis.gallery/1';

const time = z.number().int();
const text = z.string().min(1);
const header = z.strictObject({
  format: z.literal(exchangeFormat),
  gallery: z.strictObject({
    name: text,
    space: text,
    dimension: z.number().int().positive(),
    unitNorm: z.boolean(),
    varianceKind: z.enum(['none', 'scalar', 'diagonal']),
    varianceId: text.optional(),
    createdAt: time,
    settings: z.record(z.string(), z.unknown()),
  }),
});
const vectors = { mean: z.base64(), variance: z.base64().optional(), varianceId: text.optional() };
const line = z.strictObject({
  id: text,
  ...vectors,
  sources: z.array(z.strictObject({ ...vectors, enrolledAt: time })),
  metadata: z.record(z.string(), z.string()),
  createdAt: time,
  updatedAt: time,
  consentAt: time.optional(),
  expiresAt: time.optional(),
});
type VectorLine = Pick<z.infer<typeof line>, 'mean' | 'variance' | 'varianceId'>;

export const encodeHeader = (gallery: StoredGallery): string =>
  `${JSON.stringify({ format: exchangeFormat, gallery })}\n`;

/** Refuses another format with `failed-precondition`, and what is no header with `invalid-argument`. */
export function decodeHeader(json: string): StoredGallery {
  const value = parseJson(json);
  const { format } = (typeof value === 'object' && value !== null ? value : {}) as { format?: unknown };
  if (typeof format === 'string' && format !== exchangeFormat)
    throw new AffinisError(
      'failed-precondition',
      `[gallery-import] the file is of format ${JSON.stringify(format.slice(0, 40))} where this Affinis reads ` +
        `${exchangeFormat}; import it with the version that wrote it`,
      { reason: 'EXPORT_FORMAT' },
    );
  const { varianceId, ...gallery } = validate(header, value, 'is no header of an export').gallery;
  return { ...gallery, ...(varianceId === undefined ? {} : { varianceId }) };
}

export function encodeTemplateLine(template: Template): string {
  const { id, fused, sources, metadata, createdAt, updatedAt, consentAt, expiresAt } = template;
  const lines = sources.map(({ embedding, enrolledAt }) => ({ ...encodeVectors(embedding), enrolledAt }));
  const times = { createdAt, updatedAt, consentAt, expiresAt };
  return `${JSON.stringify({ id, ...encodeVectors(fused), sources: lines, metadata, ...times })}\n`;
}

/** Refuses what is no template of this gallery with `invalid-argument`. */
export function decodeTemplateLine(json: string, gallery: StoredGallery): Template {
  const { id, mean, variance, varianceId, sources, ...rest } = validate(line, parseJson(json), 'is no template');
  const { consentAt, expiresAt, ...always } = rest;
  const template: Template = {
    id,
    fused: decodeVectors({ mean, variance, varianceId }, gallery),
    sources: sources.map(({ enrolledAt, ...vector }) => ({ embedding: decodeVectors(vector, gallery), enrolledAt })),
    ...always,
    ...(consentAt === undefined ? {} : { consentAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  checkTemplate(template, gallery);
  checkMetadata(template.metadata, 'metadata');
  for (const { varianceId } of [template.fused, ...template.sources.map(({ embedding }) => embedding)])
    if (varianceId !== gallery.varianceId)
      throw invalid(
        "is no template: its variance is not of the gallery's head; import into a new gallery",
        'varianceId',
      );
  checkEmbedding(template.fused, 'template');
  for (const [at, { embedding }] of template.sources.entries()) checkEmbedding(embedding, `sources[${at}]`);
  return template;
}

const encodeVectors = ({ mean, variance, varianceId }: Embedding): VectorLine => ({
  mean: encodeFloats(mean),
  variance: variance && encodeFloats(variance.values),
  varianceId,
});

function decodeVectors({ mean, variance, varianceId }: VectorLine, gallery: StoredGallery): Embedding {
  const { space, unitNorm } = gallery;
  const kind = gallery.varianceKind === 'scalar' ? 'scalar' : 'diagonal';
  return {
    mean: decodeFloats(mean),
    ...(variance === undefined ? {} : { variance: { kind, values: decodeFloats(variance) } }),
    unitNorm,
    space,
    ...(varianceId === undefined ? {} : { varianceId }),
  };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    // The cause quotes the line, which may hold a template, so it stays a cause.
    throw invalid('is no JSON', '', cause);
  }
}

function validate<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [problem] = problemsOf(parsed.error, schema);
  const field = fieldPath(problem?.path ?? []);
  throw invalid(`${what}: ${field ? `${field} ` : ''}${problem?.message ?? 'not understood'}`, field);
}

const invalid = (problem: string, field: string, cause?: unknown) =>
  new AffinisError('invalid-argument', `[gallery-import] the line ${problem}`, { field, cause });
