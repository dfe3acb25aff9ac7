import assert from 'node:assert/strict';
import {
  AffinisError,
  checkEmbedding,
  type Embedded,
  type Embedder,
  type Embedding,
  type Result,
  type Sample,
} from '@affinis/core';
import { globalRunner, type TestRunner } from './test-runner.ts';

export interface EmbedderClaims {
  /** Largest difference between two runs of one batch. Default 0. */
  readonly tolerance?: number;
  /** Largest difference between a sample's embedding alone and within a batch. Default 1e-5. */
  readonly batchTolerance?: number;
  readonly runner?: TestRunner;
}

/**
 * Declares the suite that every embedder must pass. Needs two good samples or more that differ, and the kinds of bad
 * sample that the embedder must refuse one by one.
 */
export function embedderConformance(
  createEmbedder: () => Promise<Embedder> | Embedder,
  goodSamples: readonly Sample[],
  badSamples: readonly Sample[],
  claims: EmbedderClaims = {},
): void {
  const { describe, it, afterAll } = claims.runner ?? globalRunner();
  const { tolerance = 0, batchTolerance = 1e-5 } = claims;
  let created: Promise<Embedder> | undefined;
  const theEmbedder = (): Promise<Embedder> => {
    created ??= Promise.resolve(createEmbedder());
    return created;
  };
  /** Embeds copies: an embedder may move what it is given. */
  const embed = async (samples: readonly Sample[]) => (await theEmbedder()).embed(structuredClone(samples));

  describe('embedder conformance', () => {
    afterAll(async () => (await created)?.dispose?.());

    it('describes itself', async () => {
      const { model, modality, dimension, space, uncertainty, varianceId, licence } = (await theEmbedder()).description;
      for (const text of [model.name, model.version, modality, space, licence]) assert.notEqual(text, '');
      assert.match(model.sha256, /^[0-9a-f]{64}$/);
      assert.ok(Number.isInteger(dimension) && dimension > 0);
      assert.equal(varianceId !== undefined, uncertainty !== 'none', 'varianceId belongs to an uncertainty');
    });

    it('gives one sound embedding a sample, as described', async () => {
      const results = await embed(goodSamples);
      assert.equal(results.length, goodSamples.length);
      for (const { embedding, timings } of results.map(embeddedOf)) {
        assertDescribed(embedding, await theEmbedder());
        for (const ms of Object.values(timings)) assert.ok(ms >= 0 && Number.isFinite(ms), `a timing of ${ms} ms`);
      }
    });

    it('gives different samples different embeddings', async () => {
      const [first, second] = (await embed(goodSamples)).map(embeddedOf);
      assert.ok(first && second && largestDifference(first.embedding, second.embedding) > batchTolerance);
    });

    it('gives the same embeddings again', async () => {
      assertAllClose(await embed(goodSamples), await embed(goodSamples), tolerance);
    });

    it('embeds a batch as it embeds its samples alone, in any order', async () => {
      const batch = await embed(goodSamples);
      const singles: Result<Embedded>[] = [];
      for (const sample of goodSamples) singles.push(...(await embed([sample])));
      assertAllClose(batch, singles, batchTolerance);
      assertAllClose((await embed(goodSamples.toReversed())).toReversed(), batch, batchTolerance);
    });

    it('gives embeddings that own their memory', async () => {
      const first = await embed(goodSamples);
      const kept = structuredClone(first.map(embeddedOf));
      await embed(goodSamples.toReversed());
      assert.equal(new Set(first.map((result) => embeddedOf(result).embedding.mean.buffer)).size, first.length);
      first.forEach((result, i) => {
        const before = kept[i];
        assert.ok(before && largestDifference(embeddedOf(result).embedding, before.embedding) === 0);
      });
    });

    it('takes an empty batch', async () => {
      assert.deepEqual(await embed([]), []);
    });

    badSamples.forEach((bad, index) => {
      it(`fails bad sample ${index} (${bad.kind}) alone`, async () => {
        const [first, failed, ...rest] = await embed([...goodSamples.slice(0, 1), bad, ...goodSamples.slice(1)]);
        assert.ok(failed && !failed.ok, 'the bad sample was embedded');
        assert.ok(failed.error instanceof AffinisError);
        assert.equal(failed.error.code, 'invalid-argument');
        assert.match(failed.error.message, /^\[[a-z-]+\] /);
        assertAllClose(first ? [first, ...rest] : rest, await embed(goodSamples), batchTolerance);
      });
    });
  });
}

function assertDescribed(embedding: Embedding, { description }: Embedder): void {
  checkEmbedding(embedding);
  assert.equal(embedding.mean.length, description.dimension);
  assert.equal(embedding.space, description.space);
  assert.equal(embedding.unitNorm, description.unitNorm);
  assert.equal(embedding.variance?.kind ?? 'none', description.uncertainty);
  assert.equal(embedding.varianceId, description.varianceId);
}

function assertAllClose(
  left: readonly Result<Embedded>[],
  right: readonly Result<Embedded>[],
  tolerance: number,
): void {
  assert.equal(left.length, right.length);
  left.forEach((result, i) => {
    const other = right[i];
    assert.ok(other);
    const difference = largestDifference(embeddedOf(result).embedding, embeddedOf(other).embedding);
    assert.ok(difference <= tolerance, `embedding ${i} differs by ${difference}`);
  });
}

function largestDifference(left: Embedding, right: Embedding): number {
  const pairs = [
    [left.mean, right.mean],
    [left.variance?.values ?? [], right.variance?.values ?? []],
  ] as const;
  return Math.max(...pairs.flatMap(([a, b]) => Array.from(a, (value, d) => Math.abs(value - (b[d] ?? Number.NaN)))));
}

function embeddedOf(result: Result<Embedded>): Embedded {
  if (result.ok) return result.value;
  throw result.error;
}
