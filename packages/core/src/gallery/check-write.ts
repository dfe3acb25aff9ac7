import type { Embedding } from '../embedding.ts';
import { AffinisError } from '../errors.ts';
import type { StoredGallery, Template } from './template-store.ts';

/** Bytes of UTF-8 that a gallery's name and a template's id may have. */
export const maxStoreNameBytes = 256;

/** Refuses an empty, too long or ill-formed name of a gallery or id of a template with `invalid-argument`. */
export function checkStoreName(name: string, field: 'gallery' | 'id'): void {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0) throw invalid(field, 'is empty; give it 1 to 256 bytes of UTF-8');
  if (bytes > maxStoreNameBytes) throw invalid(field, `has ${bytes} bytes; at most ${maxStoreNameBytes} are possible`);
  if (/\p{Surrogate}/u.test(name))
    throw invalid(field, 'holds half a character (a lone surrogate); send well-formed text');
}

/** Refuses a gallery whose description no template could fit with `invalid-argument`. */
export function checkStoredGallery(gallery: StoredGallery): void {
  checkStoreName(gallery.name, 'gallery');
  const { dimension } = gallery;
  if (!Number.isInteger(dimension) || dimension < 1)
    throw invalid('dimension', `is ${dimension}; it is a whole number above 0`);
}

/** Refuses a template whose embeddings are not of the gallery's space and shape with `invalid-argument`. */
export function checkTemplate(template: Template, gallery: StoredGallery): void {
  checkStoreName(template.id, 'id');
  checkFit(template.fused, gallery, 'fused');
  for (const [at, { embedding }] of template.sources.entries())
    checkFit(embedding, gallery, `sources[${at}].embedding`);
}

function checkFit({ mean, variance, space, unitNorm }: Embedding, gallery: StoredGallery, field: string): void {
  if (space !== gallery.space) throw invalid(field, `is not of the gallery's space; embed with the gallery's model`);
  if (mean.length !== gallery.dimension)
    throw invalid(field, `has ${mean.length} dimensions where the gallery has ${gallery.dimension}`);
  if (unitNorm !== gallery.unitNorm) throw invalid(field, `differs from the gallery in whether its norm is 1`);
  const kind = variance?.kind ?? 'none';
  if (kind !== gallery.varianceKind)
    throw invalid(field, `has variance '${kind}' where the gallery has '${gallery.varianceKind}'`);
  if (variance && variance.values.length !== varianceLength(gallery))
    throw invalid(field, `has ${variance.values.length} variances where the gallery has ${varianceLength(gallery)}`);
}

/** Values of a variance in this gallery: 0, 1 or D. */
export function varianceLength({ varianceKind, dimension }: Pick<StoredGallery, 'varianceKind' | 'dimension'>): number {
  return varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : dimension;
}

function invalid(field: string, problem: string): AffinisError {
  return new AffinisError('invalid-argument', `[store] ${field} ${problem}`, { field });
}
