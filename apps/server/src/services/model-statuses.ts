import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelStatus } from '@affinis/contracts';
import type { EmbedderHost, Runtime } from '@affinis/core';
import { singlesOf } from './pipelines.ts';

/** The embedders of a state with their models; `only`: those of these names. */
export function modelStatuses(runtime: Runtime, only?: readonly string[]): Promise<ModelStatus[]> {
  const hosts = [...runtime.embedders.values()].filter(({ name }) => only?.includes(name) ?? true);
  return Promise.all(hosts.map((host) => modelStatus(runtime, host)));
}

async function modelStatus(runtime: Runtime, { name, state }: EmbedderHost): Promise<ModelStatus> {
  const { model, type = '' } = runtime.config.embedders[name] ?? {};
  const bytes = model === undefined ? undefined : await artefactBytes(runtime, model);
  const pipelines = [...runtime.pipelines.values()]
    .filter((pipeline) => singlesOf(pipeline).some(({ embedder }) => embedder.name === name))
    .map((pipeline) => pipeline.name);
  return {
    embedder: name,
    reference: model ?? type,
    ...(bytes === undefined ? {} : { artefactBytes: bytes }),
    pipelines,
    ...(state.available
      ? { state: 'loaded', model: state.description.model, workers: runtime.pool.size }
      : { state: state.error.reason === 'UNLOADED' ? 'unloaded' : 'failed', problem: state.reason, workers: 0 }),
  };
}

async function artefactBytes({ models }: Runtime, reference: string): Promise<number | undefined> {
  try {
    const { folder, manifest } = await models.find(reference);
    return (await stat(join(folder, manifest.artefact.file))).size;
  } catch {
    return undefined;
  }
}
