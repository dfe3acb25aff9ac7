import type { Runtime } from '@affinis/core';
import type { Server } from '@grpc/grpc-js';
import { HealthImplementation, type ServingStatusMap } from 'grpc-health-check';

/** Health of the server (`""`), of each service, and of each pipeline (`pipelines/NAME`). */
export interface Health {
  /** Everything says NOT_SERVING from now on. */
  drain(): void;
}

export function addHealth(server: Server, runtime: Runtime, services: readonly string[]): Health {
  const statuses: ServingStatusMap = { '': 'SERVING' };
  for (const service of services) statuses[service] = 'SERVING';
  for (const [name, { state }] of runtime.pipelines)
    statuses[`pipelines/${name}`] = state.available ? 'SERVING' : 'NOT_SERVING';
  const health = new HealthImplementation(statuses);
  health.addToServer(server);
  return {
    drain() {
      for (const name of Object.keys(statuses)) health.setStatus(name, 'NOT_SERVING');
    },
  };
}
