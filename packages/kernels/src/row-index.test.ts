import type { Candidate, EmbeddingBlock, RowIndex, RowIndexFactory, RowIndexOptions, ScanForm } from '@affinis/core';
import { createRowIndexFactory, type KernelKind } from './index.ts';
import { createPopulation, formsFor } from './testing/population.ts';
import { referenceScore } from './testing/reference.ts';

const k = 10;
const kinds = ['none', 'scalar', 'diagonal'] as const;

/** Numbers that a store could have given. */
const sequencesOf = (count: number) => Uint32Array.from({ length: count }, (_, row) => 10 + 3 * row);

function indexOf(factory: RowIndexFactory, rows: EmbeddingBlock, options: Partial<RowIndexOptions> = {}): RowIndex {
  const { dimension, varianceKind } = rows;
  const index = factory.create({ dimension, varianceKind, mode: 'exact', readRow: readerOf(rows), ...options });
  index.append(rows, sequencesOf(rows.count));
  return index;
}

function readerOf({
  dimension,
  means,
  variances,
  varianceKind,
}: EmbeddingBlock): NonNullable<RowIndexOptions['readRow']> {
  const width = varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : dimension;
  return (sequence, mean, variance) => {
    const row = (sequence - 10) / 3;
    mean.set(means.subarray(row * dimension, (row + 1) * dimension));
    if (variances) variance.set(variances.subarray(row * width, (row + 1) * width));
    return true;
  };
}

/** By definition: every row in float64, sorted. */
function expected(
  form: ScanForm,
  queries: EmbeddingBlock,
  q: number,
  rows: EmbeddingBlock,
  keep = (_: number) => true,
): Candidate[] {
  return Array.from({ length: rows.count }, (_, row) => ({
    sequence: 10 + 3 * row,
    score: referenceScore(form, queries, q, rows, row),
  }))
    .filter(({ sequence }) => keep(sequence))
    .sort((a, b) => b.score - a.score)
    .slice(0, k);
}

/** The same scores in the same places; which of two equals comes first is nobody's business. */
function expectAlike(found: readonly Candidate[] | undefined, wanted: readonly Candidate[], tolerance = 2e-6): void {
  expect(new Set(found?.map(({ sequence }) => sequence)).size).toBe(wanted.length);
  // Float32 sums, beside parts that may cancel: relative to the scores' magnitude, or to 100 nats.
  for (const [at, { score }] of wanted.entries())
    expect(Math.abs((found?.[at]?.score ?? Number.NaN) - score)).toBeLessThan(
      tolerance * Math.max(100, Math.abs(score)),
    );
}

describe.each<[string, KernelKind, number]>([
  ['SIMD in this thread', 'simd', 0],
  ['SIMD in two threads', 'simd', 2],
  ['plain TypeScript', 'plain', 0],
])('exact rows by %s', (_, kernels, threads) => {
  let factory: RowIndexFactory;
  beforeAll(() => {
    factory = createRowIndexFactory({ kernels, threads, memoryBytes: 2 ** 24 });
  });
  afterAll(() => factory.close());

  it.each(kinds.flatMap((kind) => [1, 3, 8, 13, 128].map((dimension) => [kind, dimension] as const)))(
    'finds the best by definition: variance %s, %i dimensions',
    async (varianceKind, dimension) => {
      const { rows, queries } = createPopulation({
        dimension,
        rows: 300,
        queries: 6,
        varianceKind,
        identities: 40,
        unitNorm: false,
      });
      const index = indexOf(factory, rows);
      for (const form of formsFor(dimension, varianceKind)) {
        const found = await index.search(form, queries, { k });
        for (let q = 0; q < queries.count; q++) expectAlike(found[q], expected(form, queries, q, rows));
      }
      await index.close();
    },
  );

  it('answers a query of one variance over rows of one a dimension, and the other way round', async () => {
    const diagonal = createPopulation({
      dimension: 21,
      rows: 200,
      queries: 3,
      varianceKind: 'diagonal',
      identities: 20,
    });
    const scalar = createPopulation({ dimension: 21, rows: 200, queries: 3, varianceKind: 'scalar', identities: 20 });
    for (const [rows, queries] of [
      [diagonal.rows, scalar.queries],
      [scalar.rows, diagonal.queries],
    ] as const) {
      const index = indexOf(factory, rows);
      for (const form of formsFor(21, 'diagonal').slice(-2)) {
        const found = await index.search(form, queries, { k });
        for (let q = 0; q < queries.count; q++) expectAlike(found[q], expected(form, queries, q, rows));
      }
      await index.close();
    }
  });

  it('never finds what was removed, or what is not allowed', async () => {
    const { rows, queries } = createPopulation({
      dimension: 19,
      rows: 500,
      queries: 2,
      varianceKind: 'diagonal',
      identities: 25,
    });
    const index = indexOf(factory, rows);
    const form: ScanForm = { kind: 'mls' };
    const gone = expected(form, queries, 0, rows)
      .slice(0, 5)
      .map(({ sequence }) => sequence);
    for (const sequence of gone) expect(index.remove(sequence)).toBe(true);
    expect(index.remove(gone[0] as number)).toBe(false);
    expect(index.remove(11)).toBe(false);
    expect(index.count).toBe(495);
    const there = (sequence: number) => !gone.includes(sequence);
    const [found] = await index.search(form, queries, { k });
    expectAlike(found, expected(form, queries, 0, rows, there));
    const allowed = sequencesOf(500).filter((sequence) => sequence % 2 === 0);
    const [filtered] = await index.search(form, queries, { k, allowed });
    expectAlike(
      filtered,
      expected(form, queries, 0, rows, (sequence) => there(sequence) && sequence % 2 === 0),
    );
    // A filter holds for its own search only.
    const [again] = await index.search(form, queries, { k });
    expectAlike(again, expected(form, queries, 0, rows, there));
    expect(await index.search(form, queries, { k, allowed: [] })).toEqual([[], []]);
    await index.close();
  });

  it('gives a batch what it gives each query, and concurrent searches what they give alone', async () => {
    const { rows, queries } = createPopulation({
      dimension: 24,
      rows: 700,
      queries: 40,
      varianceKind: 'diagonal',
      identities: 50,
    });
    const index = indexOf(factory, rows);
    for (const form of formsFor(24, 'diagonal')) {
      const together = await index.search(form, queries, { k });
      expect(together).toHaveLength(40);
      const alone = await Promise.all(
        Array.from({ length: 40 }, (_, start) => index.search(form, { ...queries, start, count: 1 }, { k })),
      );
      for (const [q, [found]] of alone.entries())
        expect(found?.map(({ sequence }) => sequence)).toEqual(together[q]?.map(({ sequence }) => sequence));
    }
    await index.close();
  });

  it('finds what was appended later, also where a form projects', async () => {
    const { rows, queries } = createPopulation({
      dimension: 12,
      rows: 400,
      queries: 2,
      varianceKind: 'none',
      identities: 30,
    });
    const { dimension, varianceKind } = rows;
    const index = factory.create({ dimension, varianceKind, mode: 'exact' });
    const sequences = sequencesOf(400);
    const form = formsFor(12, 'none')[5] as ScanForm;
    for (const [start, count] of [
      [0, 100],
      [100, 1],
      [101, 299],
    ] as const) {
      index.append({ ...rows, start, count }, sequences.subarray(start, start + count));
      const so = { ...rows, count: start + count };
      const found = await index.search(form, queries, { k });
      for (let q = 0; q < 2; q++) expectAlike(found[q], expected(form, queries, q, so));
      if (start === 0) index.remove(13);
    }
    await index.close();
  }, 10_000);

  it('keeps its memory flat where one row is replaced again and again', async () => {
    const { rows, queries } = createPopulation({
      dimension: 256,
      rows: 50,
      queries: 1,
      varianceKind: 'diagonal',
      identities: 50,
    });
    const index = indexOf(factory, rows);
    const later: number[] = [];
    let sequence = 1000;
    for (let round = 0; round < 20; round++) {
      for (let turn = 0; turn < 500; turn++) {
        if (sequence > 1000) expect(index.remove(sequence)).toBe(true);
        sequence++;
        index.append({ ...rows, start: 7, count: 1 }, [sequence]);
      }
      const [found] = await index.search({ kind: 'mls' }, { ...rows, start: 7, count: 1 }, { k: 2 });
      expect(found?.map(({ sequence }) => sequence).sort((a, b) => a - b)).toEqual([10 + 3 * 7, sequence]);
      later.push(index.bytes);
    }
    expect(index.count).toBe(51);
    expect(Math.max(...later)).toBeLessThan(4 * 2 ** 20 + 1e6);
    expectAlike((await index.search({ kind: 'mls' }, queries, { k: 1 }))[0], [
      ...expected({ kind: 'mls' }, queries, 0, rows).slice(0, 1),
    ]);
    await index.close();
  });

  it('takes values of any size that float32 has', async () => {
    const { rows, queries } = createPopulation({
      dimension: 9,
      rows: 60,
      queries: 2,
      varianceKind: 'diagonal',
      identities: 10,
    });
    const wide = rows.variances?.map((value, at) => value * (at % 7 === 0 ? 1e12 : at % 5 === 0 ? 1e-12 : 1));
    const index = indexOf(factory, { ...rows, variances: wide as Float32Array });
    for (const form of formsFor(9, 'diagonal').slice(-2)) {
      const found = await index.search(form, queries, { k });
      for (let q = 0; q < 2; q++)
        expectAlike(found[q], expected(form, queries, q, { ...rows, variances: wide as Float32Array }), 1e-5);
    }
    await index.close();
  });

  it('is empty at first, gives fewer where there are fewer, and refuses what does not fit', async () => {
    const { rows, queries } = createPopulation({
      dimension: 5,
      rows: 4,
      queries: 1,
      varianceKind: 'none',
      identities: 4,
    });
    const empty = factory.create({ dimension: 5, varianceKind: 'none', mode: 'exact' });
    expect(await empty.search({ kind: 'cosine' }, queries, { k })).toEqual([[]]);
    const index = indexOf(factory, rows);
    expect((await index.search({ kind: 'cosine' }, queries, { k }))[0]).toHaveLength(4);
    await expect(index.search({ kind: 'mls' }, queries, { k })).rejects.toMatchObject({ reason: 'NO_VARIANCE' });
    await expect(index.search({ kind: 'cosine' }, { ...queries, dimension: 4 }, { k })).rejects.toMatchObject({
      code: 'failed-precondition',
      reason: 'DIMENSION_MISMATCH',
    });
    await index.close();
    await expect(index.search({ kind: 'cosine' }, queries, { k })).rejects.toThrow('closed');
    await empty.close();
  });

  it('spreads rows over memories and gives all of them back', async () => {
    const { rows, queries } = createPopulation({
      dimension: 64,
      rows: 600,
      queries: 2,
      varianceKind: 'diagonal',
      identities: 60,
    });
    const wanted = expected({ kind: 'mls' }, queries, 1, rows);
    for (let round = 0; round < 3; round++) {
      const indices = Array.from({ length: 12 }, () => indexOf(factory, rows));
      const found = await Promise.all(indices.map((index) => index.search({ kind: 'mls' }, queries, { k })));
      for (const each of found) expectAlike(each[1], wanted);
      expect(indices[0]?.bytes).toBeGreaterThan(300 * 512);
      for (const index of indices) await index.close();
    }
  });
});
