import type { Config } from '@affinis/core';

/** Fields of `server` that are bound when the server starts. */
const boundServerFields = [
  'host',
  'port',
  'maxMessageBytes',
  'maxConcurrentStreams',
  'maxConnections',
  'reflection',
] as const;

/** `next` as far as it can take effect in a server that runs `running`; the rest takes a restart. */
export function keepBound(running: Config, next: Config): Config {
  const bound = Object.fromEntries(boundServerFields.map((field) => [field, running.server[field]]));
  const { admin, ...rest } = next;
  return {
    ...rest,
    galleries: running.galleries,
    server: { ...next.server, ...bound },
    ...(running.admin ? { admin: keepAdmin(running.admin, admin) } : {}),
  };
}

/** The port is neither opened, closed nor moved. */
function keepAdmin(running: NonNullable<Config['admin']>, next: Config['admin']): NonNullable<Config['admin']> {
  return next ? { ...next, host: running.host, port: running.port } : running;
}
