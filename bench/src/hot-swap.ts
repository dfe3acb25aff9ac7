import type { AffinisClient } from '@affinis/client';
import type { Comparison } from '@affinis/core';
import type { Benchmark } from './benchmark.ts';
import { withServer } from './support/server.ts';
import { median, quantile, rounded, roundedAll } from './support/statistics.ts';
import { adminSection } from './support/workplace.ts';

const callsPerSecond = 200;
const warmUpSeconds = 5;
const swaps = 20;
const secondsPerSwap = 4;

const metrics = ['cosine', 'mls'] as const;
const configOf = (metric: string) =>
  `${adminSection}server: { watch: false }\npipelines: { text: { metric: ${metric} } }\n`;

/** One call: when it was due, and how long after that its answer came. */
interface Call {
  readonly dueMs: number;
  readonly ms: number;
}

export const hotSwap: Benchmark = {
  name: 'hot-swap',
  description:
    'the metric of a pipeline swapped again and again under 200 calls a second: failed calls, p99 around swaps',
  run: () =>
    withServer({ config: configOf(metrics[0]) }, async ({ client, admin, configure }) => {
      const comparison = await comparisonOf(client);
      const load = startLoad(client, comparison);
      const swapped: { readonly fromMs: number; readonly toMs: number }[] = [];
      await secondsPass(warmUpSeconds);
      for (let swap = 1; swap <= swaps; swap++) {
        await secondsPass(secondsPerSwap);
        configure(configOf(metrics[swap % 2] ?? metrics[0]));
        const fromMs = performance.now();
        const { changes } = await admin().reload();
        swapped.push({ fromMs, toMs: performance.now() });
        if (!changes.some((change) => change.startsWith('pipelines.text.metric:')))
          throw new Error('nothing was swapped');
      }
      await secondsPass(secondsPerSwap);
      const { calls, failed, scoredBy } = await load.stop();
      const middles = swapped.map(({ fromMs, toMs }) => (fromMs + toMs) / 2);
      const around = middles.map((middle) => p99(calls, middle - 500));
      // Whole seconds that no swap comes near.
      const usual = middles.flatMap((middle) => [middle + 1000, middle + 2000].map((from) => p99(calls, from)));
      return {
        ratios: {
          hot_swap_failed_calls: failed,
          hot_swap_p99_over_usual: rounded(median(around) / median(usual)),
        },
        figures: {
          calls: calls.length,
          scoredBy,
          swapMs: rounded(median(swapped.map(({ fromMs, toMs }) => toMs - fromMs))),
          medianMs: rounded(median(calls.map(({ ms }) => ms))),
          p99UsualMs: rounded(median(usual)),
          p99UsualMsOfSeconds: { least: rounded(Math.min(...usual)), most: rounded(Math.max(...usual)) },
          p99AroundMs: rounded(median(around)),
          p99AroundMsOfEach: roundedAll(around),
        },
      };
    }),
};

/** A sentence, which is embedded in every call, and the embedding of another. */
async function comparisonOf(client: AffinisClient): Promise<Comparison> {
  const [result] = await client.embed([{ kind: 'text', text: 'A river runs through the valley.' }]);
  if (!result?.ok) throw result?.error ?? new Error('no result');
  const { embedding } = result.value;
  return {
    left: [{ kind: 'text', text: 'The valley is crossed by a stream.' }],
    right: [{ kind: 'embedding', embedding }],
  };
}

/** Calls that are due at fixed times, whether or not those before have been answered. */
function startLoad(client: AffinisClient, comparison: Comparison) {
  const calls: Call[] = [];
  const scoredBy: Record<string, number> = {};
  const inFlight = new Set<Promise<void>>();
  const startedMs = performance.now();
  let begun = 0;
  let failed = 0;
  const callOnce = async (dueMs: number) => {
    try {
      const [result] = await client.verify([comparison], { pipeline: 'text' });
      if (!result?.ok) throw result?.error ?? new Error('no result');
      const { name } = result.value.pipeline.metric;
      scoredBy[name] = (scoredBy[name] ?? 0) + 1;
      calls.push({ dueMs, ms: performance.now() - dueMs });
    } catch (thrown) {
      failed++;
      console.error(thrown);
    }
  };
  const timer = setInterval(() => {
    for (; startedMs + (begun * 1000) / callsPerSecond <= performance.now(); begun++) {
      const call = callOnce(startedMs + (begun * 1000) / callsPerSecond).finally(() => inFlight.delete(call));
      inFlight.add(call);
    }
  }, 1);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(inFlight);
      return { calls, failed, scoredBy };
    },
  };
}

/** Of the calls that were due in the second from `fromMs` on. */
const p99 = (calls: readonly Call[], fromMs: number): number =>
  quantile(
    calls.filter(({ dueMs }) => dueMs >= fromMs && dueMs < fromMs + 1000).map(({ ms }) => ms),
    0.99,
  );

const secondsPass = (seconds: number) => new Promise((done) => setTimeout(done, seconds * 1000));
