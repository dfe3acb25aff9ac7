import { v1 } from '@affinis/contracts';
import { AffinisError } from '@affinis/core';
import type { Logger } from 'pino';
import { liveView } from '../live/live-view.ts';
import { type Administered, createAdminService } from '../services/admin-service.ts';
import type { Access } from './access.ts';
import { openPort, type Port } from './port.ts';

/** Models take their time to load. */
const deadlines = { defaultDeadlineMs: 120_000, maxDeadlineMs: 1_800_000 } as const;

/** Serves `affinis.v1.Admin` on the port that `admin` of the configuration names. */
export function startAdmin(served: Administered & { readonly access: Access }, log: Logger): Promise<Port> {
  const { serving, access } = served;
  const { config, pipelines } = serving.current;
  const { admin } = config;
  if (!admin) throw new AffinisError('internal', '[server] no admin port is configured');
  const settings = liveView(() => ({ ...serving.current.config.server, ...deadlines }));
  return openPort(
    {
      host: admin.host,
      port: admin.port,
      settings,
      access,
      pipelines,
      addServices(server, guard) {
        server.addService(v1.AdminService, createAdminService(served, guard));
        return ['affinis.v1.Admin'];
      },
    },
    log,
  );
}
