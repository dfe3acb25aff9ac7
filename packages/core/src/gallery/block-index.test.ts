import { createSeededRandom } from '../seeded-random.ts';
import { inlineMetric } from '../testing/toy-galleries.ts';
import { createToyMetric } from '../testing/toys.ts';
import { type BlockIndex, createBlockIndex } from './block-index.ts';
import type { RowShape } from './row-block.ts';
import { packRows } from './row-feed.ts';

const shape: RowShape = { dimension: 3, varianceKind: 'none', unitNorm: false };
const random = createSeededRandom(7);
const row = () => ({
  mean: Float32Array.from({ length: 3 }, () => random.between(-0.5, 0.5)),
  variance: new Float32Array(),
});
const numbers = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

function fill(index: BlockIndex, count: number, from = 1) {
  const rows = numbers(from, count).map((sequence) => ({ sequence, ...row() }));
  index.append(
    packRows(rows, shape),
    rows.map(({ sequence }) => sequence),
  );
  return new Map(rows.map(({ sequence, mean }) => [sequence, mean]));
}

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

/** By brute force over a map of rows. */
const nearest = (rows: ReadonlyMap<number, Float32Array>, query: Float32Array, k: number, sign = 1) =>
  [...rows]
    .sort(([, a], [, b]) => sign * (dot(b, query) - dot(a, query)))
    .slice(0, k)
    .map(([sequence]) => sequence);

describe.each(['similarity', 'distance'] as const)('rows scored by a metric that is a %s', (polarity) => {
  const metric = createToyMetric({ polarity });
  const sign = polarity === 'similarity' ? 1 : -1;
  const search = async (
    index: BlockIndex,
    queries: readonly ReturnType<typeof row>[],
    options: { k: number; allowed?: number[] },
  ) =>
    (await index.search(inlineMetric(metric), packRows(queries, shape), options)).map((found) =>
      found.map(({ sequence }) => sequence),
    );

  it('give the best of all blocks, for each query', async () => {
    const index = createBlockIndex(shape);
    const rows = fill(index, 10_000);
    const queries = [row(), row(), row()];
    const found = await search(index, queries, { k: 7 });
    expect(found).toEqual(queries.map(({ mean }) => nearest(rows, mean, 7, sign)));
    expect(index.count).toBe(10_000);
    expect(index.bytes).toBeGreaterThanOrEqual(10_000 * 12);
  });

  it('are fewer where there are fewer, and none where there is none', async () => {
    const index = createBlockIndex(shape);
    expect(await search(index, [row()], { k: 5 })).toEqual([[]]);
    const rows = fill(index, 3);
    const query = row();
    expect(await search(index, [query], { k: 5 })).toEqual([nearest(rows, query.mean, 3, sign)]);
  });

  it('leave out what is removed or not allowed', async () => {
    const index = createBlockIndex(shape);
    const rows = fill(index, 6000);
    for (const sequence of numbers(1, 6000)) {
      if (sequence % 3 !== 0) continue;
      expect(index.remove(sequence)).toBe(true);
      rows.delete(sequence);
    }
    expect([index.remove(3), index.remove(7000), index.count]).toEqual([false, false, 4000]);
    const query = row();
    expect(await search(index, [query], { k: 9 })).toEqual([nearest(rows, query.mean, 9, sign)]);
    const allowed = numbers(1, 6000).filter((sequence) => sequence % 5 === 0);
    const left = new Map([...rows].filter(([sequence]) => sequence % 5 === 0));
    expect(await search(index, [query], { k: 9, allowed })).toEqual([nearest(left, query.mean, 9, sign)]);
    expect(await search(index, [query], { k: 9, allowed: [] })).toEqual([[]]);
  });
});

describe('memory', () => {
  const metric = createToyMetric();

  it('stays flat where one row is written again and again', () => {
    const index = createBlockIndex(shape);
    fill(index, 500);
    let most = 0;
    for (let sequence = 501; sequence < 20_000; sequence++) {
      fill(index, 1, sequence);
      index.remove(sequence === 501 ? 1 : sequence - 1);
      most = Math.max(most, index.bytes);
    }
    expect(index.count).toBe(500);
    // One block of 4096 rows and one of 256.
    expect(most).toBeLessThanOrEqual(2 * 4096 * (12 + 5));
  });

  it('keeps what a running search reads', async () => {
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const index = createBlockIndex(shape);
    const rows = fill(index, 1000);
    const query = row();
    const searching = index.search(
      { metric, nearest: (task) => held.then(() => inlineMetric(metric).nearest(task, {})) },
      packRows([query], shape),
      { k: 1000 },
    );
    for (const sequence of numbers(1, 900)) index.remove(sequence);
    release?.();
    const [found] = await searching;
    const kept = new Set(numbers(901, 100));
    expect(found?.filter(({ sequence }) => kept.has(sequence)).map(({ score }) => score)).toEqual(
      nearest(new Map([...rows].filter(([sequence]) => kept.has(sequence))), query.mean, 100).map((sequence) =>
        expect.closeTo(dot(rows.get(sequence) ?? new Float32Array(), query.mean), 6),
      ),
    );
  });

  it('is given up with the index, which answers no more', async () => {
    const index = createBlockIndex(shape);
    fill(index, 10);
    await index.close();
    expect(index.bytes).toBe(0);
    await expect(index.search(inlineMetric(metric), packRows([row()], shape), { k: 1 })).rejects.toMatchObject({
      code: 'unavailable',
    });
  });
});
