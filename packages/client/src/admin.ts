import {
  type ModelStatus,
  modelStatusFromProto,
  pluginStatusFromProto,
  type ReloadAnswer,
  v1,
} from '@affinis/contracts';
import type { PluginStatus } from '@affinis/core';
import { limitsOf } from './ask.ts';
import { createGrpcTransport } from './grpc-transport.ts';
import { type AffinisClientOptions, type CallOptions, settingsOf } from './options.ts';
import type { Method } from './transport.ts';

/** The admin port of a server, as typed functions. Calls that fail throw an AffinisError. */
export interface AdminClient {
  reload(options?: CallOptions): Promise<ReloadAnswer>;
  /** What `reload` would change, or would with `config` in the server's file; changes nothing. */
  tryReload(options?: CallOptions & { readonly config?: string | undefined }): Promise<ReloadAnswer>;
  /** The configuration in effect as YAML, its secrets hidden. */
  getConfig(options?: CallOptions): Promise<string>;
  listPlugins(options?: CallOptions): Promise<readonly PluginStatus[]>;
  /** Resolves when the plugin serves again. */
  restartPlugin(name: string, options?: CallOptions): Promise<void>;
  listModels(options?: CallOptions): Promise<readonly ModelStatus[]>;
  /** `name`: an embedder, or a model: then all of its embedders, which it returns. */
  loadModel(name: string, options?: CallOptions): Promise<readonly ModelStatus[]>;
  unloadModel(name: string, options?: CallOptions): Promise<readonly ModelStatus[]>;
  /** Calls in flight are finished, new ones fail. */
  close(): void;
}

/** Models take their time to load. */
const defaultDeadlineMs = 120_000;

/** Connects at the first call; `address` is that of the admin port. Throws as `createAffinisClient` does. */
export function createAdminClient(options: AffinisClientOptions): AdminClient {
  const settings = settingsOf({ deadlineMs: defaultDeadlineMs, ...options });
  const transport = createGrpcTransport(settings);
  const { AdminService } = v1;
  const ask = <I, O>(method: Method<I, O>, request: I, call: CallOptions): Promise<O> =>
    transport.unary(method, request, limitsOf(settings, call));
  return {
    reload: (call = {}) => ask(AdminService.reload, { dryRun: false, config: '' }, call),
    tryReload: ({ config = '', ...call } = {}) => ask(AdminService.reload, { dryRun: true, config }, call),
    getConfig: async (call = {}) => (await ask(AdminService.getConfig, {}, call)).yaml,
    listPlugins: async (call = {}) =>
      (await ask(AdminService.listPlugins, {}, call)).plugins.map(pluginStatusFromProto),
    async restartPlugin(name, call = {}) {
      await ask(AdminService.restartPlugin, { name }, call);
    },
    listModels: async (call = {}) => (await ask(AdminService.listModels, {}, call)).models.map(modelStatusFromProto),
    loadModel: async (name, call = {}) =>
      (await ask(AdminService.loadModel, { name }, call)).models.map(modelStatusFromProto),
    unloadModel: async (name, call = {}) =>
      (await ask(AdminService.unloadModel, { name }, call)).models.map(modelStatusFromProto),
    close: () => transport.close(),
  };
}
