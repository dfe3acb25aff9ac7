import { Worker } from 'node:worker_threads';
import type { EmbeddingBlock, RowIndexFactory, RowIndexOptions, ScanForm } from '@affinis/core';
import { createRowIndexFactory } from './index.ts';
import { createPopulation } from './testing/population.ts';

const form: ScanForm = { kind: 'mls' };
const dimension = 128;

function indexOf(factory: RowIndexFactory, rows: EmbeddingBlock, mode: RowIndexOptions['mode']) {
  const { means, variances, count } = rows;
  const index = factory.create({
    dimension,
    varianceKind: 'diagonal',
    mode,
    readRow(sequence, mean, variance) {
      const start = sequence * dimension;
      mean.set(means.subarray(start, start + dimension));
      if (variances) variance.set(variances.subarray(start, start + dimension));
      return true;
    },
  });
  index.append(
    rows,
    Uint32Array.from({ length: count }, (_, row) => row),
  );
  return index;
}

it('a scanning thread that dies fails what it has in hand, is started again and knows all rows', async () => {
  // Its calls go through: threads are private, and this is a way to reach them.
  const started = jest.spyOn(Worker.prototype, 'unref');
  const posted = jest.spyOn(Worker.prototype, 'postMessage');
  const tasks = () => posted.mock.calls.filter(([{ kind }]) => kind === 'task').length;
  // By plain kernels a search takes long enough to be interrupted.
  const factory = createRowIndexFactory({ threads: 2, kernels: 'plain' });
  try {
    const population = { dimension, rows: 5000, queries: 16, varianceKind: 'diagonal', identities: 500 } as const;
    const { rows, queries } = createPopulation(population);
    const indices = [indexOf(factory, rows, 'exact'), indexOf(factory, rows, 'quantised')];
    await indices[1]?.settle();
    const searchAll = () => Promise.all(indices.map((index) => index.search(form, queries, { k: 5 })));
    const before = await searchAll();
    expect(before[1]?.map((found) => found.map(({ sequence }) => sequence))).toEqual(
      before[0]?.map((found) => found.map(({ sequence }) => sequence)),
    );

    const threads = [...new Set(started.mock.contexts)] as Worker[];
    expect(threads).toHaveLength(2);
    const earlier = tasks();
    const interrupted = indices[0]?.search(form, queries, { k: 5 });
    const outcome = expect(interrupted).rejects.toMatchObject({ code: 'unavailable', reason: 'SCANNER_LOST' });
    while (tasks() === earlier) await new Promise(setImmediate);
    await threads[0]?.terminate();
    await outcome;

    expect(await searchAll()).toEqual(before);
    expect(new Set(started.mock.contexts).size).toBe(3);
  } finally {
    await factory.close();
    jest.restoreAllMocks();
  }
}, 60_000);
