import { noGallery } from '../store-errors.ts';
import type { TemplateStore } from '../template-store.ts';
import { encodeHeader, encodeTemplateLine } from './exchange-lines.ts';

export interface ExportOptions {
  readonly gallery: string;
  /** Milliseconds since 1970: what expires then or before is left out. */
  readonly now: number;
  readonly onProgress?: (templates: number) => void;
}

/**
 * A gallery as lines of JSON, each with its line break: first the header, then a template a line in the order of their
 * ids. Templates that are written meanwhile may or may not be in it, each whole. `not-found` without the gallery.
 */
export async function* exportTemplates(
  store: TemplateStore,
  { gallery: name, now, onProgress }: ExportOptions,
): AsyncIterable<string> {
  const gallery = (await store.galleries()).find((found) => found.name === name);
  if (!gallery) throw noGallery('gallery-export', name);
  yield encodeHeader(gallery);
  let count = 0;
  for await (const template of store.scan(name)) {
    if ((template.expiresAt ?? Number.POSITIVE_INFINITY) <= now) continue;
    yield encodeTemplateLine(template);
    if (++count % progressEvery === 0) onProgress?.(count);
  }
  onProgress?.(count);
}

const progressEvery = 1000;
