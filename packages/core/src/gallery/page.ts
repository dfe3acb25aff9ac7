import type { PageOptions, TemplatePage, TemplateView } from './gallery.ts';
import type { StoredTemplate } from './template-store.ts';
import { hasMetadata, viewOf } from './template-view.ts';

/** A page is full with this many bytes of ids and metadata, so that it fits into one message. */
const pageBytes = 1024 * 1024;
/** Templates read for one page: a filter that few pass gives short pages, not long calls. */
const readsPerPage = 10_000;

/** One page of those templates that live and pass the filter. */
export async function pageOf(
  templates: AsyncIterable<StoredTemplate>,
  { limit, filter = {} }: PageOptions,
  lives: (template: StoredTemplate) => boolean,
): Promise<TemplatePage> {
  const page: TemplateView[] = [];
  let bytes = 0;
  let reads = 0;
  let last: string | undefined;
  for await (const template of templates) {
    if (page.length === limit || bytes >= pageBytes || reads === readsPerPage)
      return { templates: page, ...(last === undefined ? {} : { next: last }) };
    reads++;
    last = template.id;
    if (!lives(template) || !hasMetadata(template.metadata, filter)) continue;
    page.push(viewOf(template));
    bytes += Buffer.byteLength(JSON.stringify([template.id, template.metadata])) + 64;
  }
  return { templates: page };
}
