import type { PluginOffer, PluginStatus } from '@affinis/core';
import type { ModelStatus } from './admin.ts';
import * as pb from './generated/affinis/v1/admin.ts';
import { modelToProto } from './identity-codec.ts';

const pluginKinds = {
  module: pb.PluginKind.MODULE,
  process: pb.PluginKind.PROCESS,
  remote: pb.PluginKind.REMOTE,
} as const satisfies Record<PluginStatus['kind'], pb.PluginKind>;

const pluginStates = {
  running: pb.PluginState.RUNNING,
  starting: pb.PluginState.STARTING,
  waiting: pb.PluginState.WAITING,
  failed: pb.PluginState.FAILED,
  stopped: pb.PluginState.STOPPED,
} as const satisfies Record<PluginStatus['state'], pb.PluginState>;

const modelStates = {
  loaded: pb.ModelState.LOADED,
  unloaded: pb.ModelState.UNLOADED,
  failed: pb.ModelState.FAILED,
} as const satisfies Record<ModelStatus['state'], pb.ModelState>;

export const pluginStatusToProto = ({
  name,
  kind,
  state,
  components,
  restarts,
  lastError,
}: PluginStatus): pb.PluginStatus => ({
  name,
  kind: pluginKinds[kind],
  state: pluginStates[state],
  components: components.map(({ kind, id, description = '' }) => ({ kind, id, description })),
  restarts,
  lastError: lastError ?? '',
});

export function pluginStatusFromProto(message: pb.PluginStatus): PluginStatus {
  const { name, kind, state, components, restarts, lastError } = message;
  return {
    name,
    kind: keyOf(pluginKinds, kind, 'module'),
    state: keyOf(pluginStates, state, 'failed'),
    components: components.map(componentFromProto),
    restarts,
    ...(lastError === '' ? {} : { lastError }),
  };
}

const componentFromProto = ({ kind, id, description }: pb.PluginComponent): PluginOffer => ({
  kind: kind as PluginOffer['kind'],
  id,
  ...(description === '' ? {} : { description }),
});

export const modelStatusToProto = (status: ModelStatus): pb.ModelStatus => ({
  embedder: status.embedder,
  reference: status.reference,
  state: modelStates[status.state],
  problem: status.problem ?? '',
  model: status.model && modelToProto(status.model),
  artefactBytes: BigInt(status.artefactBytes ?? 0),
  workers: status.workers,
  pipelines: [...status.pipelines],
});

export function modelStatusFromProto(message: pb.ModelStatus): ModelStatus {
  const { embedder, reference, problem, model, artefactBytes, workers, pipelines } = message;
  return {
    embedder,
    reference,
    state: keyOf(modelStates, message.state, 'failed'),
    ...(problem === '' ? {} : { problem }),
    ...(model ? { model } : {}),
    ...(artefactBytes === 0n ? {} : { artefactBytes: Number(artefactBytes) }),
    workers,
    pipelines,
  };
}

/** `unknown`: what a value of a later version reads as. */
function keyOf<K extends string, V>(values: Readonly<Record<K, V>>, value: V, unknown: K): K {
  const found = Object.entries(values).find(([, each]) => each === value);
  return (found?.[0] as K | undefined) ?? unknown;
}
