import type { PluginStatus } from '@affinis/core';
import type { ModelStatus } from './admin.ts';
import { modelStatusFromProto, modelStatusToProto, pluginStatusFromProto, pluginStatusToProto } from './admin-codec.ts';
import * as pb from './generated/affinis/v1/admin.ts';

const plugins: readonly PluginStatus[] = [
  { name: 'a', kind: 'module', state: 'running', components: [{ kind: 'metric', id: 'cosine' }], restarts: 0 },
  {
    name: 'b',
    kind: 'process',
    state: 'waiting',
    components: [{ kind: 'embedder', id: 'mfcc', description: 'd' }],
    restarts: 3,
    lastError: 'exit code 1',
  },
  { name: 'c', kind: 'remote', state: 'failed', components: [], restarts: 1 },
];

test.each(plugins)('the status of plugin $name survives the wire', (status) => {
  const message = pb.PluginStatus.decode(pb.PluginStatus.encode(pluginStatusToProto(status)).finish());
  expect(pluginStatusFromProto(message)).toEqual(status);
});

const models: readonly ModelStatus[] = [
  {
    embedder: 'face',
    reference: 'face-x',
    state: 'loaded',
    model: { name: 'face-x', version: '2', sha256: 'ab'.repeat(32) },
    artefactBytes: 3_000_000_000,
    workers: 2,
    pipelines: ['face', 'face-mls'],
  },
  { embedder: 'voice', reference: 'code', state: 'unloaded', problem: 'why', workers: 0, pipelines: [] },
  { embedder: 'text', reference: 'gone', state: 'failed', problem: 'why', workers: 0, pipelines: ['text'] },
];

test.each(models)('the status of model $reference survives the wire', (status) => {
  const message = pb.ModelStatus.decode(pb.ModelStatus.encode(modelStatusToProto(status)).finish());
  expect(modelStatusFromProto(message)).toEqual(status);
});
