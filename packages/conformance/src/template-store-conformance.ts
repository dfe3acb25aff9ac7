import assert from 'node:assert/strict';
import type { TemplateStore } from '@affinis/core';
import { idsOf } from './store-assertions.ts';
import { lifeLaws } from './template-life-laws.ts';
import { rowLaws } from './template-row-laws.ts';
import { assertSame, galleryOf, templateOf, write } from './template-samples.ts';
import { writeLaws } from './template-write-laws.ts';
import { globalRunner, type TestRunner } from './test-runner.ts';

export interface TemplateStoreClaims {
  /** Closes the store and opens what it kept; absent for a store that keeps nothing. */
  readonly reopen?: (store: TemplateStore) => Promise<TemplateStore>;
  readonly runner?: TestRunner;
}

/** Declares the suite that every template store must pass; `createStore` makes an empty one for each law. */
export function templateStoreConformance(
  name: string,
  createStore: () => Promise<TemplateStore>,
  { reopen, runner }: TemplateStoreClaims = {},
): void {
  const { describe, it } = runner ?? globalRunner();
  const withStore = (check: (store: TemplateStore) => Promise<void>) => async () => {
    const store = await createStore();
    try {
      await check(store);
    } finally {
      await store.close();
    }
  };

  describe(`template store conformance: ${name}`, () => {
    for (const [law, check] of [...writeLaws, ...lifeLaws]) it(law, withStore(check));
    for (const { name: law, needs, check } of rowLaws)
      it(
        law,
        withStore(async (store) => {
          if (needs.every((member) => store[member] !== undefined)) await check(store as Required<TemplateStore>);
        }),
      );
    if (reopen)
      it('keeps all that it acknowledged, and gives no number again, when it is opened again', async () => {
        await keepsAll(await createStore(), reopen);
      });
  });
}

async function keepsAll(first: TemplateStore, reopen: (store: TemplateStore) => Promise<TemplateStore>): Promise<void> {
  await write(first, { kind: 'create-gallery', gallery: galleryOf('g') });
  const kept = templateOf('a', 1, { metadata: { team: 'blue' } });
  const answers = await write(
    first,
    { kind: 'put', gallery: 'g', template: kept },
    { kind: 'put', gallery: 'g', template: templateOf('b') },
    { kind: 'delete', gallery: 'g', id: 'b' },
  );
  const second = await reopen(first);
  try {
    assertSame(await second.galleries(), [galleryOf('g')]);
    assertSame(await second.get('g', 'a'), { ...kept, sequence: answers[0]?.sequence, revision: 1 });
    assertSame(await idsOf(second, 'g'), ['a']);
    const [next] = await write(second, { kind: 'put', gallery: 'g', template: templateOf('c') });
    assert.ok((next?.sequence ?? 0) > (answers[1]?.sequence ?? 0), 'a sequence number came twice');
    if (second.withMetadata) assertSame([...second.withMetadata('g', { team: 'blue' })], [answers[0]?.sequence]);
  } finally {
    await second.close();
  }
}
