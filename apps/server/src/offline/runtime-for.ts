import { AffinisError, assertUsable, type Runtime, type SinglePipeline } from '@affinis/core';
import { composeRuntime, type LoadedConfig } from '../composition.ts';

/**
 * Runs `work` with the named pipelines loaded. `ignorePolicies`: what is to be calibrated need not be able to hold its
 * policy yet; `embeddersOnly`: what is to be fitted need not have the uncertainty that its metric reads yet. Composites
 * and unknown names are refused.
 */
export async function withPipelines<T>(
  loaded: LoadedConfig,
  names: readonly string[],
  work: (runtime: Runtime, pipelines: readonly SinglePipeline[]) => Promise<T>,
  { ignorePolicies = false, embeddersOnly = false } = {},
): Promise<T> {
  const runtime = await composeRuntime(adapted(loaded, { ignorePolicies, embeddersOnly }), { only: names });
  try {
    return await work(
      runtime,
      names.map((name) => singleOf(runtime, name)),
    );
  } finally {
    await runtime.close();
  }
}

function adapted(
  loaded: LoadedConfig,
  { ignorePolicies, embeddersOnly }: { readonly ignorePolicies: boolean; readonly embeddersOnly: boolean },
): LoadedConfig {
  if (!ignorePolicies && !embeddersOnly) return loaded;
  const pipelines = Object.fromEntries(
    Object.entries(loaded.config.pipelines).map(([name, { policy: _, ...entry }]) => [
      name,
      embeddersOnly && entry.metric !== undefined
        ? { embedder: entry.embedder, metric: 'cosine', prior: entry.prior, fusion: 'mean' as const }
        : entry,
    ]),
  );
  return { ...loaded, config: { ...loaded.config, pipelines } };
}

function singleOf(runtime: Runtime, name: string): SinglePipeline {
  const pipeline = runtime.pipelines.get(name);
  if (pipeline?.kind !== 'single')
    throw new AffinisError('invalid-argument', `pipeline "${name}" is a composite; name its parts`, {
      field: 'pipeline',
    });
  assertUsable(pipeline);
  return pipeline;
}
