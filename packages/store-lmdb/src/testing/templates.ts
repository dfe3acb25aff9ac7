import type { Embedding, StoredGallery, StoreWrite, Template, TemplateStore } from '@affinis/core';

export const gallery: StoredGallery = {
  name: 'g',
  space: 's',
  dimension: 512,
  unitNorm: false,
  varianceKind: 'diagonal',
  createdAt: 1,
  settings: {},
};

/** An embedding whose bytes hold `marker`, 16 ASCII characters, as a value of its mean. */
export function embeddingOf(marker = '0123456789abcdef'): Embedding {
  const mean = new Float32Array(512).fill(0.5);
  Buffer.from(mean.buffer).write(marker, 800, 'latin1');
  return {
    mean,
    variance: { kind: 'diagonal', values: new Float32Array(512).fill(0.25) },
    unitNorm: false,
    space: 's',
  };
}

export function put(id: string, changes: Partial<Template> = {}): StoreWrite {
  const fused = changes.fused ?? embeddingOf();
  const sources = [{ embedding: fused, enrolledAt: 1 }];
  return {
    kind: 'put',
    gallery: 'g',
    template: { id, fused, sources, metadata: {}, createdAt: 1, updatedAt: 1, ...changes },
  };
}

export const createGallery: StoreWrite = { kind: 'create-gallery', gallery };

export const many = (count: number, name = 'id'): StoreWrite[] =>
  Array.from({ length: count }, (_, at) => put(`${name}-${at}`));

/** Writes and throws the first failure. */
export async function write(store: TemplateStore, ...batch: StoreWrite[]): Promise<void> {
  for (const result of await store.write(batch)) if (!result.ok) throw result.error;
}

export async function idsOf(store: TemplateStore, name = 'g'): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of store.scan(name)) ids.push(id);
  return ids;
}
