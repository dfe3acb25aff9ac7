import type { Sample } from '@affinis/core';
import type { Benchmark } from './benchmark.ts';
import type { LoopDelay } from './processes/loop-probe.ts';
import { crop, cropSide } from './support/crops.ts';
import { sampleFaces, sampleVoices, twelveMegapixels } from './support/media.ts';
import { residentMb } from './support/process-usage.ts';
import { keepBusy } from './support/repeat.ts';
import { type BenchServer, startServer, withServer } from './support/server.ts';
import { median, rounded, roundedAll } from './support/statistics.ts';

const starts = 7;
const loadMs = 15_000;

export const start: Benchmark = {
  name: 'start',
  description: 'time until the built server is ready, its memory when warm, its event loop while workers infer',
  async run() {
    const startMs: number[] = [];
    for (let index = 0; index < starts; index++) {
      const server = await startServer();
      startMs.push(server.startMs);
      await server.stop();
    }
    const warm = await withServer({ probe: true }, measureWarm);
    const worstP99Ms = Math.max(...Object.values(warm.loopDelay).map(({ p99Ms }) => p99Ms));
    return {
      ratios: {
        start_ms: rounded(median(startMs)),
        rss_warm_mb: rounded(warm.rssMb.now),
        loop_delay_p99_ms: rounded(worstP99Ms),
      },
      figures: { startMsEach: roundedAll(startMs), ...warm },
    };
  },
};

/** Kinds of load, each run by itself; together they use both default pipelines. */
async function measureWarm(server: BenchServer) {
  const crops = Array.from({ length: 16 }, (_, seed) => cropSample(seed));
  const photo = await twelveMegapixels();
  const idleRssMb = rounded(residentMb(server.pid).now);
  const loopDelay = {
    photosAndVoices: await underLoad(server, 8, (client, index) =>
      client.embed([index % 2 === 0 ? pick(sampleFaces, index / 2) : pick(sampleVoices, (index - 1) / 2)]),
    ),
    crops: await underLoad(server, 6, (client) => client.embed(crops, { embedder: 'face' })),
    photosOf12Megapixels: await underLoad(server, 4, (client) => client.embed([photo])),
  };
  return { idleRssMb, rssMb: residentMb(server.pid), loopDelay };
}

async function underLoad(
  server: BenchServer,
  inFlight: number,
  call: (client: BenchServer['client'], index: number) => Promise<readonly { readonly ok: boolean }[]>,
): Promise<LoopDelay & { readonly calls: number }> {
  const ended = new AbortController();
  let calls = 0;
  let begun = 0;
  const load = keepBusy(inFlight, ended.signal, async () => {
    const results = await call(server.client, begun++);
    if (results.some(({ ok }) => !ok)) throw new Error('a sample of the load was refused');
    calls++;
  });
  await Promise.race([pause(2000), load]);
  await server.ask('reset');
  calls = 0;
  await Promise.race([pause(loadMs), load]);
  const delay = (await server.ask('report')) as LoopDelay;
  ended.abort();
  await load;
  return { ...delay, calls };
}

const cropSample = (seed: number): Sample => ({
  kind: 'tensor',
  tensor: { dtype: 'uint8', shape: [cropSide, cropSide, 3], data: crop(seed) },
});

const pick = <T>(from: readonly T[], index: number): T => from[index % from.length] as T;
const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
