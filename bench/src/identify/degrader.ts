import { fileURLToPath } from 'node:url';
import { configSchema, createRuntime, type Result, type Sample } from '@affinis/core';
import { mapBusy } from '../support/repeat.ts';
import type { IdentificationSet } from './identification-set.ts';

/** Samples in the form that degradations start from, and degraded copies of them, as `affinis evaluate` makes them. */
export interface Degrader {
  canonical(samples: readonly Sample[]): Promise<Result<Sample>[]>;
  /** Each sample by a seed of its own. */
  degrade(samples: readonly Sample[], recipe: string): Promise<Result<Sample>[]>;
  close(): Promise<void>;
}

const callItems = 16;
const callsInFlight = 2;
const shippedModels = fileURLToPath(new URL('../../../models', import.meta.url));
const models = { face: 'face-dlib128', voice: 'speaker-ge2e-int8' } as const;

/** In this process with a worker of its own, since the server degrades nothing that it is sent. */
export async function createDegrader({ embedder, plugin }: IdentificationSet): Promise<Degrader> {
  const plugins = ['@affinis/backend-onnx', plugin, '@affinis/metric-cosine'];
  const config = configSchema.parse({
    plugins,
    workers: { count: 1 },
    embedders: { [embedder]: { model: models[embedder] } },
    pipelines: { [embedder]: { embedder, metric: 'cosine' } },
    defaults: {},
  });
  const pluginUrls = plugins.map((name) => import.meta.resolve(name));
  const { pool, embedders, close } = await createRuntime({ config, pluginUrls, modelRoots: [shippedModels] });
  const key = embedders.get(embedder)?.key ?? embedder;
  const transform = async (samples: readonly Sample[], recipe?: string) => {
    const starts = Array.from({ length: Math.ceil(samples.length / callItems) }, (_, call) => call * callItems);
    const results = await mapBusy(starts, callsInFlight, (start) => {
      const part = samples.slice(start, start + callItems);
      return pool.transform(
        key,
        part,
        part.map((_, at) => (recipe === undefined ? undefined : { recipe, seed: start + at })),
      );
    });
    return results.flat();
  };
  return { canonical: (samples) => transform(samples), degrade: transform, close };
}
