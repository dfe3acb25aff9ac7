import { modelStatusToProto, pluginStatusToProto, type v1 } from '@affinis/contracts';
import { type PluginControl, redactConfig } from '@affinis/core';
import { stringify } from 'yaml';
import type { Guard } from '../grpc/guard.ts';
import type { Reloader } from '../live/reloader.ts';
import type { Serving } from '../live/serving.ts';
import { modelStatuses } from './model-statuses.ts';

export interface Administered {
  readonly serving: Serving;
  readonly reloader: Reloader;
  readonly plugins: PluginControl;
}

/** `affinis.v1.Admin`. */
export function createAdminService({ serving, reloader, plugins }: Administered, guard: Guard): v1.AdminServer {
  const statuses = async (only?: readonly string[]) =>
    (await modelStatuses(serving.current, only)).map(modelStatusToProto);
  return {
    reload: guard.unary('Admin/Reload', async ({ dryRun }: v1.ReloadRequest) => {
      const { applied, afterRestart } = await reloader.reload({ dryRun });
      return { changes: [...applied], afterRestart: [...afterRestart] };
    }),

    getConfig: guard.unary('Admin/GetConfig', async () => {
      const { config, registry } = serving.current;
      return { yaml: stringify(redactConfig(config, registry, () => '(secret)')) };
    }),

    listPlugins: guard.unary('Admin/ListPlugins', async () => ({ plugins: plugins.list().map(pluginStatusToProto) })),

    restartPlugin: guard.unary('Admin/RestartPlugin', async ({ name }: v1.RestartPluginRequest) => {
      await plugins.restart(name);
      return {};
    }),

    listModels: guard.unary('Admin/ListModels', async () => ({ models: await statuses() })),

    loadModel: guard.unary('Admin/LoadModel', async ({ name }: v1.LoadModelRequest) => ({
      models: await statuses(await reloader.load(name)),
    })),

    unloadModel: guard.unary('Admin/UnloadModel', async ({ name }: v1.UnloadModelRequest) => ({
      models: await statuses(await reloader.unload(name)),
    })),
  };
}
