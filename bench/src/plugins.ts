import type { AffinisClient } from '@affinis/client';
import type { Sample } from '@affinis/core';
import type { Benchmark } from './benchmark.ts';
import { lettersConfig, textOf } from './support/letters.ts';
import { cpuMs } from './support/process-usage.ts';
import { keepBusy, repeat } from './support/repeat.ts';
import { type BenchServer, startServer } from './support/server.ts';
import { median, quantile, rounded, roundedAll } from './support/statistics.ts';

const sampleBytes = 4096;
const rounds = 9;
const callsAlone = 400;
const callsInFlight = 32;
const busyMs = 3000;

export const plugins: Benchmark = {
  name: 'plugins',
  description: 'Embed of 4 KB by a plugin in a process of its own, beside the same plugin inside the server',
  async run() {
    const inside = await startServer({ config: lettersConfig('module') });
    try {
      const outside = await startServer({ config: lettersConfig('process') });
      try {
        return await compare(inside, outside);
      } finally {
        await outside.stop();
      }
    } finally {
      await inside.stop();
    }
  },
};

interface Round {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly itemsPerSecond: number;
  readonly serverCpuMsPerItem: number;
}

async function compare(inside: BenchServer, outside: BenchServer) {
  for (const { client } of [inside, outside]) await alone(client);
  const [module, process]: [Round[], Round[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    module.push(await measure(inside));
    process.push(await measure(outside));
  }
  const differences = process.map(({ p50Ms }, round) => p50Ms - (module[round]?.p50Ms ?? 0));
  const throughputs = process.map(({ itemsPerSecond }, round) => itemsPerSecond / (module[round]?.itemsPerSecond ?? 0));
  return {
    ratios: {
      process_p50_minus_module_ms: rounded(median(differences)),
      process_over_module_throughput: rounded(median(throughputs)),
    },
    figures: {
      sampleBytes,
      callsInFlight,
      differenceByRoundMs: roundedAll(differences),
      throughputRatioByRound: roundedAll(throughputs),
      module: summary(module),
      process: summary(process),
    },
  };
}

async function measure({ client, pid }: BenchServer): Promise<Round> {
  const latencies = await alone(client);
  const control = new AbortController();
  const before = cpuMs(pid);
  const started = performance.now();
  let items = 0;
  setTimeout(() => control.abort(), busyMs);
  await keepBusy(callsInFlight, control.signal, async () => {
    await embed(client, items++);
  });
  const seconds = (performance.now() - started) / 1000;
  return {
    p50Ms: median(latencies),
    p99Ms: quantile(latencies, 0.99),
    itemsPerSecond: items / seconds,
    serverCpuMsPerItem: (cpuMs(pid) - before) / items,
  };
}

/** Milliseconds of calls one after another. */
async function alone(client: AffinisClient): Promise<number[]> {
  const latencies: number[] = [];
  await repeat(callsAlone, 1, async (index) => {
    const started = performance.now();
    await embed(client, index);
    latencies.push(performance.now() - started);
  });
  return latencies;
}

const texts = Array.from({ length: 64 }, (_, seed): Sample => ({ kind: 'text', text: textOf(sampleBytes, seed) }));

async function embed(client: AffinisClient, index: number): Promise<void> {
  const [result] = await client.embed([texts[index % texts.length] as Sample]);
  if (!result?.ok) throw result?.error ?? new Error('no result');
}

const summary = (of: readonly Round[]) => ({
  p50Ms: rounded(median(of.map(({ p50Ms }) => p50Ms))),
  p99Ms: rounded(median(of.map(({ p99Ms }) => p99Ms))),
  itemsPerSecond: rounded(median(of.map(({ itemsPerSecond }) => itemsPerSecond))),
  serverCpuMsPerItem: rounded(median(of.map(({ serverCpuMsPerItem }) => serverCpuMsPerItem))),
});
