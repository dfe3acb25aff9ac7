import type { TemplateView } from './gallery.ts';
import type { StoredTemplate } from './template-store.ts';

export function viewOf(template: StoredTemplate, { withEmbeddings = false } = {}): TemplateView {
  const { id, revision, sources, metadata, createdAt, updatedAt, consentAt, expiresAt, fused } = template;
  return {
    id,
    revision,
    sourceCount: sources.length,
    metadata,
    createdAt,
    updatedAt,
    ...(consentAt === undefined ? {} : { consentAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(withEmbeddings ? { fused, sources } : {}),
  };
}

/** Whether metadata hold all of the wanted pairs. */
export function hasMetadata(
  metadata: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(metadata, key) && metadata[key] === value);
}
