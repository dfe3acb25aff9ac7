import assert from 'node:assert/strict';
import type { StoredTemplate, Template, TemplateStore } from '@affinis/core';
import { assertSame, embeddingOf, galleryOf, templateOf, write } from '../template-samples.ts';

export const killGallery = galleryOf('kill');

/** What the writer notes before and after each write, a line each, in a file that outlives it. */
export type JournalEntry =
  /** `version`: what the template is to hold; null: it is to be deleted. */
  { readonly begin: string; readonly version: number | null } | { readonly done: string; readonly sequence?: number };

export const versionTemplate = (id: string, version: number): Template =>
  templateOf(id, version % 1000, {
    metadata: { version: String(version), marker: `marker-${id}` },
    sources: [1, 2].map((at) => ({ embedding: embeddingOf(version + at), enrolledAt: version })),
  });

/** What a store must hold by its writer's journal: what was acknowledged, or what was under way when it died. */
export interface WrittenState {
  /** Reads the next line of a journal. */
  note(entry: JournalEntry): void;
  /** Throws where the store holds anything else, and takes what it holds as acknowledged. */
  check(store: TemplateStore): Promise<StateFigures>;
}

export interface StateFigures {
  readonly templates: number;
  /** Writes that were neither acknowledged nor lost for sure. */
  readonly underWay: number;
}

export function createWrittenState(): WrittenState {
  const settled = new Map<string, number | null>();
  const pending = new Map<string, number | null>();
  let highest = 0;

  return {
    note(entry) {
      if ('begin' in entry) {
        pending.set(entry.begin, entry.version);
        return;
      }
      const version = pending.get(entry.done);
      if (version !== undefined) settled.set(entry.done, version);
      pending.delete(entry.done);
      highest = Math.max(highest, entry.sequence ?? 0);
    },
    async check(store) {
      const found = await templatesOf(store);
      for (const id of new Set([...settled.keys(), ...pending.keys(), ...found.keys()])) {
        const allowed = [settled.get(id) ?? null, ...(pending.has(id) ? [pending.get(id) ?? null] : [])];
        const template = found.get(id);
        const version = template ? Number(template.metadata.version) : null;
        assert.ok(
          allowed.includes(version),
          `${id} is of version ${version}, not of ${allowed.map(String).join(' or ')}`,
        );
        if (template) assertWhole(store, template, versionTemplate(id, Number(version)));
        settled.set(id, version);
      }
      const underWay = pending.size;
      pending.clear();
      const rows = store.rows ? [...store.rows(killGallery.name)].length : found.size;
      assert.equal(rows, found.size, 'there are rows without templates');
      highest = await assertHigher(store, highest);
      return { templates: found.size, underWay };
    },
  };
}

async function templatesOf(store: TemplateStore): Promise<Map<string, StoredTemplate>> {
  const found = new Map<string, StoredTemplate>();
  if (!(await store.galleries()).some(({ name }) => name === killGallery.name)) return found;
  for await (const template of store.scan(killGallery.name)) found.set(template.id, template);
  return found;
}

function assertWhole(store: TemplateStore, found: StoredTemplate, expected: Template): void {
  const { sequence, revision: _, ...template } = found;
  assertSame(template, expected);
  if (store.idOf) assert.equal(store.idOf(killGallery.name, sequence), found.id);
  const { version = '' } = found.metadata;
  if (store.withMetadata) assertSame([...store.withMetadata(killGallery.name, { version })], [sequence]);
}

/** A sequence number that was given must not come again. */
async function assertHigher(store: TemplateStore, highest: number): Promise<number> {
  const [, put] = await store.write([
    { kind: 'create-gallery', gallery: killGallery },
    { kind: 'put', gallery: killGallery.name, template: versionTemplate('probe', 0) },
  ]);
  assert.ok(put?.ok && (put.value.sequence ?? 0) > highest, 'a sequence number came twice');
  await write(store, { kind: 'delete', gallery: killGallery.name, id: 'probe' });
  return put.value.sequence ?? 0;
}
