import { AffinisError, assertUsable, type Runtime, type SinglePipeline } from '@affinis/core';
import { composeRuntime, type LoadedConfig } from '../composition.ts';

/**
 * Runs `work` with the named pipelines loaded. `ignorePolicies`: what is to be calibrated need not be able to hold its
 * policy yet. Composites and unknown names are refused.
 */
export async function withPipelines<T>(
  loaded: LoadedConfig,
  names: readonly string[],
  work: (runtime: Runtime, pipelines: readonly SinglePipeline[]) => Promise<T>,
  { ignorePolicies = false } = {},
): Promise<T> {
  const runtime = await composeRuntime(ignorePolicies ? withoutPolicies(loaded) : loaded, { only: names });
  try {
    return await work(
      runtime,
      names.map((name) => singleOf(runtime, name)),
    );
  } finally {
    await runtime.close();
  }
}

function withoutPolicies(loaded: LoadedConfig): LoadedConfig {
  const pipelines = Object.fromEntries(
    Object.entries(loaded.config.pipelines).map(([name, { policy: _, ...entry }]) => [name, entry]),
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
