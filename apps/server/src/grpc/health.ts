import type { Runtime } from '@affinis/core';
import type { Server } from '@grpc/grpc-js';
import { HealthImplementation, type ServingStatusMap } from 'grpc-health-check';

/** Health of the server (`""`), of each service, and of each pipeline (`pipelines/NAME`). */
export interface Health {
  /** The pipelines are these from now on; watchers are told of what has changed. */
  show(pipelines: Runtime['pipelines']): void;
  /** Everything says NOT_SERVING from now on. */
  drain(): void;
}

type Status = ServingStatusMap[string];

/** What Watch says of a service that is not there; the library's types leave it out. */
const gone = 'SERVICE_UNKNOWN' as string as Status;

export function addHealth(server: Server, pipelines: Runtime['pipelines'], services: readonly string[]): Health {
  const statuses = new Map<string, Status>(['', ...services].map((name) => [name, 'SERVING']));
  for (const [name, status] of statusesOf(pipelines)) statuses.set(name, status);
  const health = new HealthImplementation(Object.fromEntries(statuses));
  health.addToServer(server);
  let draining = false;
  const set = (name: string, status: Status) => {
    if (draining || statuses.get(name) === status) return;
    statuses.set(name, status);
    health.setStatus(name, status);
  };
  return {
    show(next) {
      const shown = statusesOf(next);
      for (const name of statuses.keys()) if (name.startsWith(prefix) && !shown.has(name)) set(name, gone);
      for (const [name, status] of shown) set(name, status);
    },
    drain() {
      for (const [name, status] of statuses) if (status !== gone) set(name, 'NOT_SERVING');
      draining = true;
    },
  };
}

const prefix = 'pipelines/';

const statusesOf = (pipelines: Runtime['pipelines']) =>
  new Map<string, Status>(
    [...pipelines].map(([name, { state }]) => [`${prefix}${name}`, state.available ? 'SERVING' : 'NOT_SERVING']),
  );
