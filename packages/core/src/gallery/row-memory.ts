import { noGallery } from './store-errors.ts';
import type { StoredGallery, StoredRow, StoredTemplate, StoreWrite, TemplateStore } from './template-store.ts';
import { hasMetadata } from './template-view.ts';

interface Row extends StoredRow {
  readonly id: string;
  readonly metadata: StoredTemplate['metadata'];
}

/**
 * Any store with everything that searches need: what the store cannot do by itself is done here from rows in memory, read
 * by a scan of every gallery at the start and kept up to date by the writes that pass. Nobody else may write to the store.
 */
export async function withRows(store: TemplateStore): Promise<Required<TemplateStore>> {
  const { rows, readRow, idOf, withMetadata } = store;
  if (rows && readRow && idOf && withMetadata) return store as Required<TemplateStore>;
  const galleries = new Map<string, Map<number, Row>>();
  const rowsOf = (gallery: string): Map<number, Row> => galleries.get(gallery) ?? new Map();
  const existing = (gallery: string): Row[] => {
    const rows = galleries.get(gallery);
    if (!rows) throw noGallery('galleries', gallery);
    return [...rows.values()];
  };
  for (const { name } of await store.galleries()) {
    const found: Row[] = [];
    for await (const template of store.scan(name)) found.push(rowOf(template, template.sequence));
    found.sort((a, b) => a.sequence - b.sequence);
    galleries.set(name, new Map(found.map((row) => [row.sequence, row])));
  }
  const note = (write: StoreWrite, sequence: number | undefined, replaced: number | undefined) => {
    switch (write.kind) {
      case 'create-gallery':
        galleries.set(write.gallery.name, new Map());
        return;
      case 'delete-gallery':
        galleries.delete(write.gallery);
        return;
      case 'rename-gallery': {
        const moved = rowsOf(write.gallery);
        galleries.delete(write.gallery);
        galleries.set(write.to, moved);
        return;
      }
      case 'put':
        if (replaced !== undefined) rowsOf(write.gallery).delete(replaced);
        if (sequence !== undefined) galleries.get(write.gallery)?.set(sequence, rowOf(write.template, sequence));
        return;
      case 'delete':
        if (replaced !== undefined) rowsOf(write.gallery).delete(replaced);
        return;
    }
  };
  return {
    async write(batch) {
      const results = await store.write(batch);
      for (const [index, result] of results.entries()) {
        const write = batch[index];
        if (result.ok && write) note(write, result.value.sequence, result.value.replaced);
      }
      return results;
    },
    get: (gallery, id) => store.get(gallery, id),
    scan: (gallery, options) => store.scan(gallery, options),
    galleries: (): Promise<readonly StoredGallery[]> => store.galleries(),
    close: () => store.close(),
    *rows(gallery) {
      for (const row of existing(gallery)) yield { ...row, mean: row.mean.slice(), variance: row.variance.slice() };
    },
    readRow(gallery, sequence, mean, variance) {
      const row = rowsOf(gallery).get(sequence);
      if (row) {
        mean.set(row.mean);
        variance.set(row.variance);
      }
      return row !== undefined;
    },
    idOf: (gallery, sequence) => rowsOf(gallery).get(sequence)?.id,
    withMetadata: (gallery, equals) =>
      Uint32Array.from(
        existing(gallery).filter(({ metadata }) => hasMetadata(metadata, equals)),
        ({ sequence }) => sequence,
      ),
  };
}

function rowOf({ id, fused, metadata, expiresAt }: StoredTemplate | Template, sequence: number): Row {
  return {
    id,
    sequence,
    mean: fused.mean.slice(),
    variance: fused.variance?.values.slice() ?? new Float32Array(),
    metadata: { ...metadata },
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

type Template = Extract<StoreWrite, { kind: 'put' }>['template'];
