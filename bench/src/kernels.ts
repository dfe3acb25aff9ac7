import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddingBlock, RowIndex, RowIndexFactory, RowIndexOptions, ScanForm } from '@affinis/core';
import { availableKernels, createRowIndexFactory } from '@affinis/kernels';
import type { Benchmark, Report } from './benchmark.ts';
import { type PeerProcess, startPeers } from './support/peers.ts';
import { median, rounded, roundedAll } from './support/statistics.ts';
import { createTemplates } from './support/templates.ts';

const dimension = 512;
const rowCount = 100_000;
/** Twenty samples of each. */
const identities = 5000;
const k = 10;
const rounds = 15;
/** Passes before the clock starts: what is not native is compiled as it is used. */
const warmUps = 40;
const recallQueries = 200;
const sizes = [1000, 10_000, 100_000, 1_000_000];
const cosine: ScanForm = { kind: 'cosine' };
const mls: ScanForm = { kind: 'mls' };
const mlsLlr: ScanForm = {
  kind: 'mls-llr',
  mean: new Float32Array(dimension),
  between: new Float32Array(dimension).fill(1 / dimension),
};

export const kernels: Benchmark = {
  name: 'kernels',
  description:
    'search of 100,000 x 512 by cosine, MLS and MLS-LLR beside FAISS, NumPy, PyTorch and the PFE authors’ formula',
  async run() {
    const rows = createTemplates({ dimension, rows: rowCount, identities, seed: 2 });
    const queries = createTemplates({ dimension, rows: recallQueries, identities, seed: 3 });
    const folder = mkdtempSync(join(tmpdir(), 'affinis-kernels-'));
    try {
      write(folder, rows, queries);
      const one = await measure(folder, rows, queries, 1);
      const two = await measure(folder, rows, queries, 2);
      const growth = await measureGrowth(rows, queries);
      return report(one, two, growth);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** For the peers, which read the same numbers. */
function write(folder: string, rows: EmbeddingBlock, queries: EmbeddingBlock): void {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength);
  writeFileSync(join(folder, 'means.bin'), bytes(rows.means));
  writeFileSync(join(folder, 'variances.bin'), bytes(rows.variances as Float32Array));
  const query = new Float32Array(2 * dimension);
  query.set(queries.means.subarray(0, dimension));
  query.set((queries.variances as Float32Array).subarray(0, dimension), dimension);
  writeFileSync(join(folder, 'query.bin'), bytes(query));
}

interface Measured {
  readonly threads: number;
  readonly peers: string;
  /** Milliseconds by round. */
  readonly ms: Readonly<Record<string, readonly number[]>>;
  readonly bytesPerTemplate: number;
  readonly recall: Readonly<Record<string, number>>;
}

async function measure(
  folder: string,
  rows: EmbeddingBlock,
  queries: EmbeddingBlock,
  threads: number,
): Promise<Measured> {
  const factory = createRowIndexFactory({ threads });
  const peers = await startPeers('kernels.py', [folder, `${rowCount}`, `${dimension}`, `${threads}`], threads);
  try {
    const exact = await fill(factory, rows, 'exact');
    const quantised = await fill(factory, rows, 'quantised');
    const recall: Record<string, number> = {};
    for (const form of [cosine, mls, mlsLlr]) recall[form.kind] = await recallOf(quantised, exact, form, queries);
    const ms = await inTurn(works(exact, quantised, peers, queries));
    return { threads, peers: peers.greeting, ms, bytesPerTemplate: quantised.bytes / rowCount, recall };
  } finally {
    await peers.stop();
    await factory.close();
  }
}

/** What a round measures, each a pass over all rows; batches by the query. */
function works(exact: RowIndex, quantised: RowIndex, peers: PeerProcess, queries: EmbeddingBlock) {
  const search = (index: RowIndex, form: ScanForm, count: number) => async () => {
    const started = performance.now();
    await index.search(form, { ...queries, count }, { k });
    return (performance.now() - started) / count;
  };
  return {
    cosine: search(exact, cosine, 1),
    mls: search(exact, mls, 1),
    mlsLlr: search(exact, mlsLlr, 1),
    cosine16: search(exact, cosine, 16),
    mls16: search(exact, mls, 16),
    quantisedMls: search(quantised, mls, 1),
    quantisedMls16: search(quantised, mls, 16),
    quantisedMlsLlr: search(quantised, mlsLlr, 1),
    quantisedCosine: search(quantised, cosine, 1),
    ...Object.fromEntries(peerNames.map((name) => [name, () => peers.run(name)])),
  } as Record<string, () => Promise<number>>;
}

const peerNames: readonly string[] = ['faiss', 'numpy', 'torch', 'pfe', 'read'];
const isPeer = (name: string) => peerNames.includes(name);

async function inTurn(work: Readonly<Record<string, () => Promise<number>>>): Promise<Record<string, number[]>> {
  for (const [name, run] of Object.entries(work))
    for (let pass = 0; pass < (isPeer(name) ? 2 : warmUps); pass++) await run();
  const ms: Record<string, number[]> = Object.fromEntries(Object.keys(work).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, run] of Object.entries(work)) ms[name]?.push(await run());
  return ms;
}

async function fill(
  factory: RowIndexFactory,
  rows: EmbeddingBlock,
  mode: RowIndexOptions['mode'],
  copies = 1,
): Promise<RowIndex> {
  const { means, variances = new Float32Array(0) } = rows;
  const index = factory.create({
    dimension,
    varianceKind: 'diagonal',
    mode,
    readRow(sequence, mean, variance) {
      const start = (sequence % rows.count) * dimension;
      mean.set(means.subarray(start, start + dimension));
      variance.set(variances.subarray(start, start + dimension));
      return true;
    },
  });
  const together = 2000;
  for (let copy = 0; copy < copies; copy++)
    for (let start = 0; start < rows.count; start += together) {
      const count = Math.min(together, rows.count - start);
      const first = copy * rows.count + start;
      index.append(
        { ...rows, start, count },
        Uint32Array.from({ length: count }, (_, row) => first + row),
      );
      await index.settle();
    }
  return index;
}

/** Share of the exact scan's best that the quantised one finds. */
async function recallOf(index: RowIndex, truth: RowIndex, form: ScanForm, queries: EmbeddingBlock): Promise<number> {
  const [found, wanted] = await Promise.all([index.search(form, queries, { k }), truth.search(form, queries, { k })]);
  let hits = 0;
  for (const [q, best] of wanted.entries()) {
    const sequences = new Set(found[q]?.map(({ sequence }) => sequence));
    hits += best.filter(({ sequence }) => sequences.has(sequence)).length;
  }
  return hits / (recallQueries * k);
}

interface Growth {
  readonly rows: number;
  readonly memories: number;
  readonly gigabytes: number;
  readonly mlsMs: number;
  readonly quantisedMlsMs: number;
}

/** Two threads over galleries of 1,000 to 1,000,000 templates. */
async function measureGrowth(rows: EmbeddingBlock, queries: EmbeddingBlock): Promise<readonly Growth[]> {
  const measured: Growth[] = [];
  for (const size of sizes) {
    const factory = createRowIndexFactory({ threads: 2 });
    const part = { ...rows, count: Math.min(size, rows.count) };
    const exact = await fill(factory, part, 'exact', size / part.count);
    const quantised = await fill(factory, part, 'quantised', size / part.count);
    const query = { ...queries, count: 1 };
    const time = async (index: RowIndex) => {
      const times: number[] = [];
      for (let round = -warmUps; round < 9; round++) {
        const started = performance.now();
        await index.search(mls, query, { k });
        if (round >= 0) times.push(performance.now() - started);
      }
      return rounded(median(times));
    };
    const gigabytes = rounded(exact.bytes / 2 ** 30);
    const memories = Math.ceil(exact.bytes / (2 ** 30 - 2 ** 27));
    measured.push({ rows: size, memories, gigabytes, mlsMs: await time(exact), quantisedMlsMs: await time(quantised) });
    await factory.close();
  }
  return measured;
}

function report(one: Measured, two: Measured, growth: readonly Growth[]): Report {
  const ratio = (a: readonly number[] = [], b: readonly number[] = []) =>
    rounded(median(a.map((value, round) => value / (b[round] ?? Number.NaN))));
  const gigabytesPerS = ({ ms }: Measured) => rounded((rowCount * dimension * 4) / 1e6 / median(ms.read ?? []));
  return {
    ratios: {
      mls_over_cosine: ratio(one.ms.mls, one.ms.cosine),
      two_threads_speedup: rounded(median(one.ms.mls ?? []) / median(two.ms.mls ?? [])),
      mls_top10_over_faiss_cosine: ratio(one.ms.quantisedMls, one.ms.faiss),
      mls_top10_over_faiss_cosine_two_threads: ratio(two.ms.quantisedMls, two.ms.faiss),
      recall_at_10: Math.min(...Object.values(one.recall), ...Object.values(two.recall)),
      numpy_over_mls: ratio(one.ms.numpy, one.ms.mls),
      torch_over_mls: ratio(one.ms.torch, one.ms.mls),
      pfe_over_mls: ratio(one.ms.pfe, one.ms.mls),
      batch16_over_single: ratio(one.ms.mls16, one.ms.mls),
      batch16_over_single_cosine: ratio(one.ms.cosine16, one.ms.cosine),
      bytes_per_template: rounded(one.bytesPerTemplate),
    },
    figures: {
      kernels: availableKernels(),
      rows: rowCount,
      dimension,
      peers: one.peers,
      readGigabytesPerS: { oneThread: gigabytesPerS(one), twoThreads: gigabytesPerS(two) },
      recall: one.recall,
      medianMs: Object.fromEntries(
        [one, two].map(({ threads, ms }) => [
          threads === 1 ? 'oneThread' : 'twoThreads',
          Object.fromEntries(Object.entries(ms).map(([name, times]) => [name, rounded(median(times))])),
        ]),
      ),
      bestMs: Object.fromEntries(Object.entries(one.ms).map(([name, times]) => [name, rounded(Math.min(...times))])),
      mlsByRoundMs: roundedAll(one.ms.mls ?? []),
      growth,
    },
  };
}
