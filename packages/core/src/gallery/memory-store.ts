import { AffinisError } from '../errors.ts';
import { attemptSync } from '../result.ts';
import { checkStoredGallery, checkStoreName, checkTemplate } from './check-write.ts';
import { galleryExists, noGallery, noTemplate, otherRevision } from './store-errors.ts';
import type {
  StoreAnswer,
  StoredGallery,
  StoredRow,
  StoredTemplate,
  StoreWrite,
  TemplateStore,
} from './template-store.ts';

const where = 'memory-store';

interface Shelf {
  readonly gallery: StoredGallery;
  readonly templates: Map<string, StoredTemplate>;
  /** In the order of their sequence numbers. */
  readonly rows: Map<number, StoredTemplate>;
}

/** Keeps galleries in this process's memory, for tests and trials: what it holds ends with it. */
export function createMemoryStore(): Required<TemplateStore> {
  const shelves = new Map<string, Shelf>();
  let sequence = 0;
  let closed = false;

  const checkOpen = () => {
    if (closed) throw new AffinisError('failed-precondition', `[${where}] the store is closed; create another`);
  };
  const shelf = (name: string): Shelf => {
    checkOpen();
    const found = shelves.get(name);
    if (!found) throw noGallery(where, name);
    return found;
  };
  const bySequence = (gallery: string, wanted: number) => shelves.get(gallery)?.rows.get(wanted);

  const apply = (write: StoreWrite): StoreAnswer => {
    switch (write.kind) {
      case 'create-gallery': {
        checkStoredGallery(write.gallery);
        const { name } = write.gallery;
        if (shelves.has(name)) throw galleryExists(where, name);
        shelves.set(name, { gallery: structuredClone(write.gallery), templates: new Map(), rows: new Map() });
        return {};
      }
      case 'delete-gallery':
        shelf(write.gallery);
        shelves.delete(write.gallery);
        return {};
      case 'rename-gallery': {
        const { gallery, ...rest } = shelf(write.gallery);
        checkStoreName(write.to, 'gallery');
        shelves.delete(write.gallery);
        shelves.set(write.to, { ...rest, gallery: { ...gallery, name: write.to } });
        return {};
      }
      case 'put': {
        const { gallery, templates, rows } = shelf(write.gallery);
        checkTemplate(write.template, gallery);
        const before = templates.get(write.template.id);
        const found = before?.revision ?? 0;
        if (write.revision !== undefined && write.revision !== found) throw otherRevision(where, write.revision, found);
        const revision = found + 1;
        const stored = structuredClone({ ...write.template, sequence: ++sequence, revision });
        templates.set(stored.id, stored);
        if (before) rows.delete(before.sequence);
        rows.set(sequence, stored);
        return { sequence, revision, ...(before ? { replaced: before.sequence } : {}) };
      }
      case 'delete': {
        checkStoreName(write.id, 'id');
        const { templates, rows } = shelf(write.gallery);
        const before = templates.get(write.id);
        if (!before) throw noTemplate(where, write.id);
        templates.delete(write.id);
        rows.delete(before.sequence);
        return { replaced: before.sequence };
      }
    }
  };

  return {
    async write(batch) {
      checkOpen();
      return batch.map((write) => attemptSync(() => apply(write), where));
    },
    async get(gallery, id) {
      return structuredClone(shelf(gallery).templates.get(id));
    },
    async *scan(gallery, { after } = {}) {
      const ids = [...shelf(gallery).templates.keys()].sort(byBytes);
      for (const id of ids) {
        if (after !== undefined && byBytes(id, after) <= 0) continue;
        // Read when its turn comes: it may have changed, or be gone.
        const template = shelves.get(gallery)?.templates.get(id);
        if (template) yield structuredClone(template);
      }
    },
    async galleries() {
      checkOpen();
      const all = [...shelves.values()].map(({ gallery }) => structuredClone(gallery));
      return all.sort((left, right) => byBytes(left.name, right.name));
    },
    async close() {
      closed = true;
    },
    *rows(gallery): Iterable<StoredRow> {
      for (const { sequence, fused, expiresAt } of [...shelf(gallery).rows.values()])
        yield {
          sequence,
          mean: fused.mean.slice(),
          variance: fused.variance?.values.slice() ?? new Float32Array(),
          ...(expiresAt === undefined ? {} : { expiresAt }),
        };
    },
    readRow(gallery, sequence, mean, variance) {
      const found = bySequence(gallery, sequence);
      if (!found) return false;
      mean.set(found.fused.mean);
      if (found.fused.variance) variance.set(found.fused.variance.values);
      return true;
    },
    idOf: (gallery, sequence) => bySequence(gallery, sequence)?.id,
    withMetadata(gallery, equals) {
      const wanted = Object.entries(equals);
      const matching = [...shelf(gallery).rows.values()].filter(({ metadata }) =>
        wanted.every(([key, value]) => Object.hasOwn(metadata, key) && metadata[key] === value),
      );
      return Uint32Array.from(matching, ({ sequence }) => sequence);
    },
  };
}

const byBytes = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));
