import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbedderDescription } from '@affinis/core';
import { contentKey, openEmbeddingCache } from './embedding-cache.ts';

const folder = mkdtempSync(join(tmpdir(), 'affinis-cache-'));
const outer = process.env.AFFINIS_CACHE;
beforeAll(() => {
  process.env.AFFINIS_CACHE = folder;
});
afterAll(() => {
  if (outer === undefined) delete process.env.AFFINIS_CACHE;
  else process.env.AFFINIS_CACHE = outer;
  rmSync(folder, { recursive: true });
});

const description: EmbedderDescription = {
  model: { name: 'toy', version: '1', sha256: 'a'.repeat(64) },
  modality: 'text',
  dimension: 2,
  space: 'toy/1',
  unitNorm: true,
  uncertainty: 'diagonal',
  varianceId: 'v',
  licence: 'none',
};
const embedding = {
  mean: Float32Array.of(0.6, 0.8),
  variance: { kind: 'diagonal', values: Float32Array.of(0.25, 0.5) },
  unitNorm: true,
  space: 'toy/1',
  varianceId: 'v',
} as const;

it('gives back what an earlier run embedded', async () => {
  await openEmbeddingCache(description, {}).add(contentKey('a'), embedding);
  const again = openEmbeddingCache(description, {});
  expect(again.get(contentKey('a'))).toEqual(embedding);
  expect(again.get(contentKey('b'))).toBeUndefined();
  expect(again.get(contentKey('a', 'blur'))).toBeUndefined();
});

it('keeps another space, another variance and other options apart', () => {
  for (const [changes, options] of [
    [{ space: 'toy/2' }, {}],
    [{ varianceId: 'w' }, {}],
    [{}, { faces: 'single' }],
  ] as const)
    expect(openEmbeddingCache({ ...description, ...changes }, options).get(contentKey('a'))).toBeUndefined();
});

it('cuts off a record that a crash left half written, and goes on', async () => {
  const file =
    readdirSync(join(folder, 'embeddings'))
      .map((name) => join(folder, 'embeddings', name))
      .find((path) => statSync(path).size > 0) ?? '';
  appendFileSync(file, Buffer.alloc(11));
  const cache = openEmbeddingCache(description, {});
  await cache.add(contentKey('c'), embedding);
  const again = openEmbeddingCache(description, {});
  expect(again.get(contentKey('a'))).toEqual(embedding);
  expect(again.get(contentKey('c'))).toEqual(embedding);
});

it('is readable by its owner only', () => {
  for (const name of readdirSync(join(folder, 'embeddings')))
    expect(statSync(join(folder, 'embeddings', name)).mode & 0o077).toBe(0);
});
