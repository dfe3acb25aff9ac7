import { AffinisError } from '../errors.ts';
import type { Pipeline } from '../pipeline.ts';
import { createForwardClock } from './forward-clock.ts';
import type { Galleries } from './gallery.ts';
import { galleryOf } from './gallery-pipeline.ts';
import { createGalleryRows } from './gallery-rows.ts';
import { createMemoryBudget } from './memory-budget.ts';
import { type OpenGallery, openGallery } from './open-gallery.ts';
import type { RowIndexFactory } from './row-index.ts';
import { withRows } from './row-memory.ts';
import type { StoredGallery, TemplateStore } from './template-store.ts';
import { createTemplateWriter, type WrittenRow } from './template-writer.ts';

export interface GalleriesParts {
  /** Where it lacks optional members, its rows are kept in memory as well: see `withRows`. */
  readonly store: TemplateStore;
  /** Those of this moment: asked anew for every call, since a server's configuration may change. */
  readonly pipelines: () => ReadonlyMap<string, Pipeline>;
  /** Absent: every metric is scanned by itself, in the workers. */
  readonly indices?: RowIndexFactory | undefined;
  readonly memoryLimitBytes: number;
  readonly maxSources: number;
  readonly maxTemplates?: number | undefined;
  /** Default: the system's clock. It never runs backwards here. */
  readonly now?: () => number;
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Opens the galleries that the store holds; the store is theirs from then on. */
export async function createGalleries(parts: GalleriesParts): Promise<Galleries> {
  const store = await withRows(parts.store);
  const now = createForwardClock(parts.now ?? Date.now);
  const memory = createMemoryBudget(parts.memoryLimitBytes);
  const open = new Map<string, OpenGallery>();
  const writer = createTemplateWriter({
    store,
    lives: ({ expiresAt }) => expiresAt === undefined || expiresAt > now(),
    onWritten(rows) {
      for (const [gallery, written] of byGallery(rows)) open.get(gallery)?.rows.written(written);
    },
  });
  const enter = (stored: StoredGallery): OpenGallery => {
    const { indices } = parts;
    const rows = createGalleryRows({ gallery: stored, store, indices, memory, now });
    const gallery = openGallery({
      stored,
      store,
      rows,
      writer,
      pipelines: parts.pipelines,
      maxSources: parts.maxSources,
      maxTemplates: parts.maxTemplates,
      now,
    });
    open.set(stored.name, gallery);
    return gallery;
  };
  for (const stored of await store.galleries()) enter(stored);

  const find = (name: string): OpenGallery => {
    const found = open.get(name);
    if (found) return found;
    const names = [...open.keys()].sort();
    const there = names.length === 0 ? 'there is none' : `there are: ${names.slice(0, 20).join(', ')}`;
    throw new AffinisError(
      'not-found',
      `[core] no gallery "${name}"; ${there}; create one with CreateGallery or affinis gallery create`,
      { field: 'gallery', reason: 'NO_GALLERY' },
    );
  };
  return {
    find,
    async create(name, pipeline) {
      if (!namePattern.test(name)) throw badName();
      if (open.has(name)) throw exists(name);
      const stored = galleryOf(name, parts.pipelines().get(pipeline), pipeline, now());
      await writer.write([{ kind: 'create-gallery', gallery: stored }]);
      return enter(stored).describe();
    },
    async delete(name) {
      const gallery = find(name);
      await writer.write([{ kind: 'delete-gallery', gallery: name }]);
      if (open.get(name) === gallery) open.delete(name);
      await gallery.rows.close();
    },
    list: () => Promise.all([...open.values()].sort(byName).map((gallery) => gallery.describe())),
    async close() {
      await writer.idle();
      await Promise.all([...open.values()].map(({ rows }) => rows.close()));
      open.clear();
      await parts.indices?.close();
      await store.close();
    },
  };
}

function byGallery(rows: readonly WrittenRow[]): Map<string, WrittenRow[]> {
  const groups = new Map<string, WrittenRow[]>();
  for (const row of rows) {
    const group = groups.get(row.gallery);
    if (group) group.push(row);
    else groups.set(row.gallery, [row]);
  }
  return groups;
}

const byName = (a: OpenGallery, b: OpenGallery) => (a.stored.name < b.stored.name ? -1 : 1);

const badName = () =>
  new AffinisError(
    'invalid-argument',
    '[core] name is 1 to 128 letters, digits, dots, dashes and underscores, beginning with a letter or digit',
    { field: 'name', reason: 'BAD_NAME' },
  );

const exists = (name: string) =>
  new AffinisError('already-exists', `[core] gallery "${name}" exists; delete it, or choose another name`, {
    field: 'name',
    reason: 'GALLERY_EXISTS',
  });
