import type { SpacedBlock } from '@affinis/client';
import { blockOf } from '@affinis/client';
import { residentMb } from '../support/process-usage.ts';
import { type BenchServer, startServer } from '../support/server.ts';
import { median, rounded } from '../support/statistics.ts';
import { adminSection } from '../support/workplace.ts';
import type { Soak } from './soak.ts';

/** Rounds in which caches and heaps fill. */
const warmUpRounds = 100;
/** Rounds over which memory is taken the median of. */
const windowRounds = 200;
/** Memory at the end, over memory after the warm-up. */
const mostGrowth = 1.05;
/** Every so many swaps an embedder changes as well, and is loaded and unloaded. */
const swapsPerEmbedder = 10;

/** A metric that no round before had, so that whatever keeps one for ever grows. */
const configOf = (round: number) => `${adminSection}
server: { watch: false }
metrics:
  fused: { type: score-fusion, parameters: { metrics: [{ metric: cosine, weight: 1 }, { metric: euclidean, weight: 0.5 }], bias: ${round} } }
embedders: { text: { uncertainty: ${Math.floor(round / swapsPerEmbedder) % 2 === 0 ? 'head' : 'none'} } }
pipelines: { text: { metric: fused, policy: { threshold: ${round} } }, text-mls: null, text-mls-llr: null }
`;

const sentence = (text: string) => ({ kind: 'text', text }) as const;

export function createConfigSwaps(): Soak {
  let started: Promise<{ readonly server: BenchServer; readonly block: SpacedBlock }> | undefined;
  const memoryMb: number[] = [];
  let round = 0;
  const start = async () => {
    const server = await startServer({ config: configOf(0) });
    const results = await server.client.embed([sentence('a river'), sentence('a stream')], { embedder: 'text' });
    const embeddings = results.map((result) => {
      if (!result.ok) throw result.error;
      return result.value.embedding;
    });
    return { server, block: blockOf(embeddings) };
  };
  return {
    name: 'config-swaps',
    description: 'a new metric a round, a new embedder every tenth, while calls are answered: none fails, memory stays',
    defaultRounds: 1000,
    async round() {
      started ??= start();
      const { server, block } = await started;
      round++;
      const verify = () =>
        server.client.verify([{ left: [sentence('a')], right: [sentence('b')] }], { pipeline: 'text' });
      const across = verify();
      server.configure(configOf(round));
      await server.admin().reload();
      const [before] = await across;
      const [after] = await verify();
      if (!before?.ok) throw before?.error ?? new Error('no result');
      if (!after?.ok) throw after?.error ?? new Error('no result');
      const { threshold } = after.value;
      if (threshold?.value !== round) throw new Error(`round ${round} is decided by ${threshold?.value}`);
      // In the workers, each of which keeps the metrics that it has made.
      for await (const _ of server.client.scoreMatrix(block, block, { metric: 'fused' }));
      memoryMb.push(residentMb(server.pid).now);
      return { calls: 3 };
    },
    async finish() {
      const { server } = (await started) ?? {};
      await server?.stop();
      if (memoryMb.length < warmUpRounds + 2 * windowRounds) return {};
      const firstMb = median(memoryMb.slice(warmUpRounds, warmUpRounds + windowRounds));
      const lastMb = median(memoryMb.slice(-windowRounds));
      if (lastMb > firstMb * mostGrowth) throw new Error(`memory grew from ${firstMb} to ${lastMb} MB`);
      return { firstMb: rounded(firstMb), lastMb: rounded(lastMb), growth: rounded(lastMb / firstMb) };
    },
  };
}
