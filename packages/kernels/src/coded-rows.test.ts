import type { EmbeddingBlock, RowIndex, RowIndexFactory, ScanForm } from '@affinis/core';
import { createRowIndexFactory } from './index.ts';
import { createPopulation, formsFor } from './testing/population.ts';

const k = 10;
const rowCount = 7000;

/** An index over coded rows and one over exact ones, of the same rows. */
async function both(
  factory: RowIndexFactory,
  rows: EmbeddingBlock,
): Promise<{ coded: RowIndex; exact: RowIndex; reads: () => number }> {
  const { dimension, varianceKind, means, variances } = rows;
  const width = varianceKind === 'none' ? 0 : varianceKind === 'scalar' ? 1 : dimension;
  let reads = 0;
  const coded = factory.create({
    dimension,
    varianceKind,
    mode: 'quantised',
    readRow(sequence, mean, variance) {
      reads++;
      mean.set(means.subarray(sequence * dimension, (sequence + 1) * dimension));
      if (variances) variance.set(variances.subarray(sequence * width, (sequence + 1) * width));
      return true;
    },
  });
  const exact = factory.create({ dimension, varianceKind, mode: 'exact' });
  const sequences = Uint32Array.from({ length: rows.count }, (_, row) => row);
  for (let start = 0; start < rows.count; start += 1000) {
    const part = { ...rows, start, count: Math.min(1000, rows.count - start) };
    for (const index of [coded, exact]) index.append(part, sequences.subarray(start, start + part.count));
  }
  await coded.settle();
  return { coded, exact, reads: () => reads };
}

const sequencesOf = async (index: RowIndex, form: ScanForm, queries: EmbeddingBlock, allowed?: readonly number[]) =>
  (await index.search(form, queries, { k, ...(allowed ? { allowed } : {}) })).map((found) =>
    found.map(({ sequence }) => sequence),
  );

describe('coded rows', () => {
  let factory: RowIndexFactory;
  beforeAll(() => {
    factory = createRowIndexFactory({ threads: 1 });
  });
  afterAll(() => factory.close());

  it.each(['diagonal', 'scalar', 'none'] as const)('find the same as exact rows: variance %s', async (varianceKind) => {
    const { rows, queries } = createPopulation({
      dimension: 60,
      rows: rowCount,
      queries: 18,
      varianceKind,
      identities: 900,
    });
    const { coded, exact, reads } = await both(factory, rows);
    expect(coded.count).toBe(rowCount);
    // A byte and a half a value, beside at most 4,096 float32 rows that wait for their codes.
    expect(coded.bytes).toBeLessThan(exact.bytes);
    for (const form of formsFor(60, varianceKind)) {
      const before = reads();
      expect(await sequencesOf(coded, form, queries)).toEqual(await sequencesOf(exact, form, queries));
      if (form.kind === 'mls') expect(reads() - before).toBeLessThan((queries.count * rowCount) / 5);
    }
    await coded.close();
    await exact.close();
  });

  it('find the same where blocks are left early, of many dimensions', async () => {
    const options = { dimension: 320, rows: 6000, queries: 24, varianceKind: 'diagonal' } as const;
    for (const identities of [150, 6000]) {
      const { rows, queries } = createPopulation({ ...options, identities });
      const { coded, exact } = await both(factory, rows);
      for (const kind of ['cosine', 'euclidean', 'mls', 'mls-llr'])
        for (const form of formsFor(320, 'diagonal').filter((each) => each.kind === kind && !('projection' in each)))
          expect(await sequencesOf(coded, form, queries)).toEqual(await sequencesOf(exact, form, queries));
      await coded.close();
      await exact.close();
    }
  });

  it('find the same where nothing is near and means have no norm', async () => {
    const options = { dimension: 33, rows: rowCount, queries: 6, varianceKind: 'diagonal', unitNorm: false } as const;
    const { rows, queries } = createPopulation({ ...options, identities: rowCount });
    const { coded, exact } = await both(factory, rows);
    for (const form of formsFor(33, 'diagonal'))
      expect(await sequencesOf(coded, form, queries)).toEqual(await sequencesOf(exact, form, queries));
    await coded.close();
    await exact.close();
  });

  it.each([24, 320])('forget what is removed, before its codes and after, and obey filters: %s', async (dimension) => {
    const { rows, queries } = createPopulation({
      dimension,
      rows: rowCount,
      queries: 4,
      varianceKind: 'diagonal',
      identities: 100,
    });
    const { coded, exact } = await both(factory, rows);
    const form: ScanForm = { kind: 'mls' };
    for (const gone of (await sequencesOf(exact, form, queries)).flat().slice(0, 20))
      expect(coded.remove(gone)).toBe(exact.remove(gone));
    expect(coded.count).toBe(exact.count);
    expect(await sequencesOf(coded, form, queries)).toEqual(await sequencesOf(exact, form, queries));
    const allowed = Array.from({ length: rowCount }, (_, row) => row).filter((row) => row % 7 === 0);
    expect(await sequencesOf(coded, form, queries, allowed)).toEqual(await sequencesOf(exact, form, queries, allowed));
    await coded.close();
    await exact.close();
  });
});

it('asks for a way to read exact rows', async () => {
  const factory = createRowIndexFactory({ threads: 0 });
  expect(() => factory.create({ dimension: 8, varianceKind: 'none', mode: 'quantised' })).toThrow('readRow');
  await factory.close();
});

it('are the same by plain kernels', async () => {
  const factory = createRowIndexFactory({ threads: 0, kernels: 'plain' });
  const { rows, queries } = createPopulation({
    dimension: 16,
    rows: 5000,
    queries: 2,
    varianceKind: 'diagonal',
    identities: 500,
  });
  const { coded, exact } = await both(factory, rows);
  for (const form of formsFor(16, 'diagonal').filter(({ kind }) => kind !== 'dot'))
    expect(await sequencesOf(coded, form, queries)).toEqual(await sequencesOf(exact, form, queries));
  await factory.close();
});
