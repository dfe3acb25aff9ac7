import assert from 'node:assert/strict';
import { AffinisError, type ErrorCode, type Result, type StoreAnswer, type TemplateStore } from '@affinis/core';

/** Name and check of what every store must do; each check gets an empty store. */
export type StoreLaw = readonly [name: string, check: (store: TemplateStore) => Promise<void>];

export async function idsOf(store: TemplateStore, gallery: string, after?: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of store.scan(gallery, after === undefined ? {} : { after })) ids.push(id);
  return ids;
}

export async function rejects(code: ErrorCode, work: () => unknown): Promise<void> {
  await assert.rejects(
    async () => work(),
    (thrown) => {
      assertError(thrown, code);
      return true;
    },
  );
}

export async function refuses(
  store: TemplateStore,
  code: ErrorCode,
  item: Parameters<TemplateStore['write']>[0][number],
) {
  const [result] = await store.write([item]);
  assert.ok(result && !result.ok, `a ${item.kind} was taken`);
  assertError(result.error, code);
}

function assertError(thrown: unknown, code: ErrorCode): void {
  assert.ok(thrown instanceof AffinisError, `${thrown} is no AffinisError`);
  assert.equal(thrown.code, code, thrown.message);
  assert.match(thrown.message, /^\[[a-z-]+\] /);
}

export const codeOf = (result: Result<StoreAnswer>) => (result.ok ? 'ok' : result.error.code);
