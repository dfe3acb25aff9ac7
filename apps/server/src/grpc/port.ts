import type { Runtime, ServerConfig } from '@affinis/core';
import { Server } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Access } from './access.ts';
import { authenticate } from './authentication.ts';
import { createGuard, type Guard } from './guard.ts';
import { addHealth } from './health.ts';
import { type Listener, listen } from './listener.ts';
import { addReflection } from './reflection.ts';
import { grpcServerOptions } from './server-options.ts';

/** A gRPC server on a port of its own. */
export interface Port {
  readonly host: string;
  readonly port: number;
  /** New connections and calls are admitted by this from now on. */
  admit(access: Access): void;
  /** The pipelines whose health is told. */
  show(pipelines: Runtime['pipelines']): void;
  /** NOT_SERVING, then no new connections, then up to `drainMs` for calls in flight, then everything is closed. */
  stop(): Promise<void>;
}

export interface PortOptions {
  readonly host: string;
  readonly port: number;
  /** Deadlines may change while it runs; the rest is bound at the start. */
  readonly settings: ServerConfig;
  readonly access: Access;
  readonly pipelines: Runtime['pipelines'];
  /** Adds the services and returns their full names. */
  addServices(server: Server, guard: Guard): readonly string[];
}

export async function openPort(options: PortOptions, log: Logger): Promise<Port> {
  const { host, port, settings, pipelines } = options;
  let { access } = options;
  let listener: Listener | undefined;
  const server = new Server(grpcServerOptions(settings, [authenticate(() => access.tokens, log)]));
  const guard = createGuard(settings, log, (peer) => listener?.drop(peer));
  const services = options.addServices(server, guard);
  const health = addHealth(server, pipelines, services);
  if (settings.reflection) await addReflection(server, [...services, 'grpc.health.v1.Health']);
  listener = await listen(server, access.credentials, { host, port, maxConnections: settings.maxConnections });
  return {
    host: listener.host,
    port: listener.port,
    admit(next) {
      if (next.digest !== access.digest) listener?.secure(next.credentials);
      access = next;
    },
    show: (next) => health.show(next),
    async stop() {
      health.drain();
      guard.drain();
      listener?.stop();
      await Promise.race([gracefulShutdown(server), settled(guard, settings.drainMs)]);
      server.forceShutdown();
      listener?.destroy();
    },
  };
}

/** Ends when the last call has, which a health watcher or a silent peer may put off for ever. */
const gracefulShutdown = (server: Server): Promise<void> => new Promise((done) => server.tryShutdown(() => done()));

const pollMs = 50;

/** Ends when our own calls have been answered and had a moment to be sent, or when the time is up. */
async function settled(guard: { readonly active: number }, drainMs: number): Promise<void> {
  const end = performance.now() + drainMs;
  while (guard.active > 0 && performance.now() < end) await pause(pollMs);
  await pause(pollMs * 4);
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
