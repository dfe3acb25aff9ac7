import { resolve } from 'node:path';
import { createByteBudget, v1 } from '@affinis/contracts';
import type { Galleries, Runtime } from '@affinis/core';
import { Server } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { createEmbedderService } from '../services/embedder-service.ts';
import { createGalleryService } from '../services/gallery-service.ts';
import { createMetricService } from '../services/metric-service.ts';
import { createSimilarityService } from '../services/similarity-service.ts';
import { authenticate, readTokens } from './authentication.ts';
import { serverCredentials } from './credentials.ts';
import { createGuard } from './guard.ts';
import { addHealth } from './health.ts';
import { type Listener, listen } from './listener.ts';
import { addReflection } from './reflection.ts';
import { grpcServerOptions } from './server-options.ts';

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** NOT_SERVING, then no new connections, then up to `drainMs` for calls in flight, then everything is closed. */
  stop(): Promise<void>;
}

/** Chunks that all streams together may hold before new media are refused. */
const chunkBudgetBytes = 256 * 1024 * 1024;

export interface Served {
  readonly runtime: Runtime;
  readonly galleries: Galleries;
  /** What relative paths of the configuration start from. */
  readonly folder: string;
}

/** Serves a runtime and its galleries on a port. Both stay the caller's: close them after `stop`. */
export async function startServer({ runtime, galleries, folder }: Served, log: Logger): Promise<RunningServer> {
  const config = runtime.config.server;
  const credentials = serverCredentials(config, folder);
  const tokens = config.tokensFile === undefined ? [] : readTokens(resolve(folder, config.tokensFile));
  let listener: Listener | undefined;
  const server = new Server(grpcServerOptions(config, tokens.length > 0 ? [authenticate(tokens, log)] : []));
  const guard = createGuard(config, log, (peer) => listener?.drop(peer));
  const budget = createByteBudget(chunkBudgetBytes);

  server.addService(v1.EmbedderService, createEmbedderService(runtime, guard, config, budget));
  server.addService(v1.MetricService, createMetricService(runtime, guard, config));
  server.addService(v1.SimilarityService, createSimilarityService(runtime, guard, config, budget));
  server.addService(v1.GalleryService, createGalleryService(galleries, guard, config, budget));
  const services = ['Embedder', 'Metric', 'Similarity', 'Gallery'].map((name) => `affinis.v1.${name}`);
  const health = addHealth(server, runtime, services);
  if (config.reflection) await addReflection(server);

  listener = await listen(server, credentials, config);
  return {
    host: listener.host,
    port: listener.port,
    async stop() {
      health.drain();
      guard.drain();
      listener?.stop();
      await Promise.race([gracefulShutdown(server), settled(guard, config.drainMs)]);
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
