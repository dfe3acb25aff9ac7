import type { AffinisClient } from '@affinis/client';
import type { Enrolment, Result } from '@affinis/core';
import { givenSpace } from '../support/given-embeddings.ts';
import { type PromisedGalleries, vectorOf } from './promised-galleries.ts';

const ids = 40;
export const killDimension = 64;

export interface GalleryLoad {
  readonly client: AffinisClient;
  readonly promised: PromisedGalleries;
  readonly random: () => number;
  /** A number that no write had before. */
  readonly nextVersion: () => number;
}

/** Enrols and deletes in one gallery, one call after another, until the server is gone. Throws only what a server said. */
export async function keepWriting(load: GalleryLoad, gallery: string, killed: () => boolean): Promise<void> {
  try {
    while (!killed()) await writeOnce(load, gallery);
  } catch (thrown) {
    if (!killed()) throw thrown;
  }
}

async function writeOnce(load: GalleryLoad, gallery: string): Promise<void> {
  const { client, promised, random } = load;
  const contents = promised.contents(gallery);
  const choice = random();
  if (contents === null) {
    const done = promised.replace(gallery, new Map());
    await client.createGallery(gallery, 'mls');
    done();
  } else if (choice < 0.04) {
    const done = promised.replace(gallery, null);
    await client.deleteGallery(gallery);
    done();
  } else if (choice < 0.3 && contents.size > 0) await deleteSome(load, gallery, [...contents.keys()]);
  else if (choice < 0.6) await enrolBatch(load, gallery);
  else await enrolStream(load, gallery);
}

async function deleteSome({ client, promised, random }: GalleryLoad, gallery: string, there: readonly string[]) {
  const chosen = there.filter(() => random() < 0.15);
  if (chosen.length === 0) return;
  const done = chosen.map((id) => promised.change(gallery, id, null));
  const results = await client.deleteTemplates(gallery, chosen);
  for (const [index, result] of results.entries()) settle(result, done[index]);
}

async function enrolBatch(load: GalleryLoad, gallery: string): Promise<void> {
  const { enrolments, done } = someEnrolments(load, gallery, 8);
  const results = await load.client.enroll(gallery, enrolments);
  for (const [index, result] of results.entries()) settle(result, done[index]);
}

async function enrolStream(load: GalleryLoad, gallery: string): Promise<void> {
  const { enrolments, done } = someEnrolments(load, gallery, 30);
  const items = enrolments.map((enrolment, index) => ({ ...enrolment, id: String(index) }));
  for await (const { id, result } of load.client.enrollStream(gallery, items)) settle(result, done[Number(id)]);
}

/** Of different ids, so that one write at a time is under way for each. */
function someEnrolments({ promised, random, nextVersion }: GalleryLoad, gallery: string, most: number) {
  const count = 1 + Math.floor(random() * most);
  const first = Math.floor(random() * ids);
  const done: (() => void)[] = [];
  const enrolments = Array.from({ length: count }, (_, at): Enrolment => {
    const version = nextVersion();
    const templateId = `id-${(first + at) % ids}`;
    done.push(promised.change(gallery, templateId, version));
    const values = new Float32Array(killDimension).fill(0.01);
    const mean = vectorOf(version, killDimension);
    const embedding = { ...givenSpace, mean, variance: { kind: 'diagonal', values } } as const;
    const samples = [{ kind: 'embedding', embedding } as const];
    return { templateId, samples, metadata: { version: String(version) }, mode: 'replace' };
  });
  return { enrolments, done };
}

function settle(result: Result<unknown>, done: (() => void) | undefined): void {
  if (result.ok) done?.();
  // An answer of a client whose server is gone says nothing of what was written.
  else throw result.error;
}
