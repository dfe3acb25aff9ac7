import { fileURLToPath } from 'node:url';
import type { AffinisClient } from '@affinis/client';
import type { Sample } from '@affinis/core';
import type { Benchmark } from './benchmark.ts';
import type { RawMeasurement } from './processes/raw-onnx-protocol.ts';
import { type Helper, startHelper } from './support/child-process.ts';
import { crop, cropSide } from './support/crops.ts';
import { cpuMs } from './support/process-usage.ts';
import { keepBusy } from './support/repeat.ts';
import { type BenchServer, withServer } from './support/server.ts';
import { median, rounded, roundedAll } from './support/statistics.ts';

const model = fileURLToPath(new URL('../../models/face-dlib128/2/model.onnx', import.meta.url));
const batchSize = 16;
/** Enough for every worker to have two batches in hand and the queue a few more. */
const callsInFlight = 6;
const rounds = 7;
const roundMs = 6000;
const warmUpMs = 1500;

export const embedCrops: Benchmark = {
  name: 'embed-crops',
  description:
    'Embed of aligned uint8 crops, means alone and with variances, beside raw onnxruntime-node with as many workers and the same batch',
  run: () =>
    withServer({ config: 'embedders: { face-mean: { model: face-dlib128, uncertainty: none } }\n' }, async (server) => {
      const raw = await startHelper('raw-onnx.js', { args: [model, String(batchSize)] });
      try {
        return await compare(server, raw);
      } finally {
        await raw.stop();
      }
    }),
};

/** One round's figures of one side. */
interface Throughput {
  readonly itemsPerSecond: number;
  readonly cpuMsPerItem: number;
  readonly clientCpuMsPerItem: number;
}

async function compare(server: BenchServer, raw: Helper & { readonly greeting: unknown }) {
  const viaServer: Throughput[] = [];
  const withVariance: Throughput[] = [];
  const viaRaw: Throughput[] = [];
  for (let round = 0; round < rounds; round++) {
    viaServer.push(await measureServer(server, 'face-mean'));
    viaRaw.push(await measureRaw(raw));
    withVariance.push(await measureServer(server, 'face'));
  }
  const each = (pick: (throughput: Throughput) => number, of = viaServer) =>
    of.map((throughput, round) => pick(throughput) / pick(viaRaw[round] as Throughput));
  const throughputRatios = each(({ itemsPerSecond }) => itemsPerSecond);
  const cpuRatios = each(({ cpuMsPerItem }) => cpuMsPerItem);
  return {
    ratios: {
      embed_over_raw: rounded(median(throughputRatios)),
      embed_with_variance_over_raw: rounded(median(each(({ itemsPerSecond }) => itemsPerSecond, withVariance))),
      embed_cpu_over_raw: rounded(median(cpuRatios)),
    },
    figures: {
      ...(raw.greeting as object),
      batchSize,
      callsInFlight,
      ratioByRound: roundedAll(throughputRatios),
      cpuRatioByRound: roundedAll(cpuRatios),
      server: summary(viaServer),
      withVariance: summary(withVariance),
      raw: summary(viaRaw),
    },
  };
}

async function measureServer({ client, pid }: BenchServer, embedder: string): Promise<Throughput> {
  const samples = Array.from(
    { length: batchSize },
    (_, seed): Sample => ({
      kind: 'tensor',
      tensor: { dtype: 'uint8', shape: [cropSide, cropSide, 3], data: crop(seed) },
    }),
  );
  let items = 0;
  const ended = new AbortController();
  const load = keepBusy(callsInFlight, ended.signal, async () => {
    await embedAll(client, samples, embedder);
    items += batchSize;
  });
  await pause(warmUpMs);
  const began = { items, cpu: cpuMs(pid), client: process.cpuUsage(), at: performance.now() };
  await Promise.race([pause(roundMs), load]);
  const done = items - began.items;
  const ms = performance.now() - began.at;
  const { user, system } = process.cpuUsage(began.client);
  const cpu = cpuMs(pid) - began.cpu;
  ended.abort();
  await load;
  return {
    itemsPerSecond: (done / ms) * 1000,
    cpuMsPerItem: cpu / done,
    clientCpuMsPerItem: (user + system) / 1000 / done,
  };
}

async function embedAll(client: AffinisClient, samples: readonly Sample[], embedder: string): Promise<void> {
  const results = await client.embed(samples, { embedder });
  for (const result of results) if (!result.ok) throw result.error;
}

async function measureRaw({ pid, ask }: Helper): Promise<Throughput> {
  await ask({ runMs: warmUpMs });
  const began = { cpu: cpuMs(pid), at: performance.now() };
  const { itemsPerSecond } = (await ask({ runMs: roundMs })) as RawMeasurement;
  const items = (itemsPerSecond * (performance.now() - began.at)) / 1000;
  return { itemsPerSecond, cpuMsPerItem: (cpuMs(pid) - began.cpu) / items, clientCpuMsPerItem: 0 };
}

const summary = (rounds: readonly Throughput[]) => ({
  itemsPerSecond: rounded(median(rounds.map(({ itemsPerSecond }) => itemsPerSecond))),
  cpuMsPerItem: rounded(median(rounds.map(({ cpuMsPerItem }) => cpuMsPerItem))),
  clientCpuMsPerItem: rounded(median(rounds.map(({ clientCpuMsPerItem }) => clientCpuMsPerItem))),
});

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
