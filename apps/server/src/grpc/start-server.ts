import { createByteBudget, v1 } from '@affinis/contracts';
import type { Galleries } from '@affinis/core';
import type { Logger } from 'pino';
import { liveView } from '../live/live-view.ts';
import type { Serving } from '../live/serving.ts';
import { createEmbedderService } from '../services/embedder-service.ts';
import { createGalleryService } from '../services/gallery-service.ts';
import { createMetricService } from '../services/metric-service.ts';
import { createSimilarityService } from '../services/similarity-service.ts';
import type { Access } from './access.ts';
import { openPort, type Port } from './port.ts';

/** Chunks that all streams together may hold before new media are refused. */
const chunkBudgetBytes = 256 * 1024 * 1024;

export interface Served {
  readonly serving: Serving;
  readonly galleries: Galleries;
  readonly access: Access;
}

/** Serves a state and its galleries on a port. Both stay the caller's: close them after `stop`. */
export function startServer({ serving, galleries, access }: Served, log: Logger): Promise<Port> {
  const { pipelines, config } = serving.current;
  const { host, port } = config.server;
  const settings = liveView(() => serving.current.config.server);
  const budget = createByteBudget(chunkBudgetBytes);
  return openPort(
    {
      host,
      port,
      settings,
      access,
      pipelines,
      addServices(server, guard) {
        server.addService(v1.EmbedderService, createEmbedderService(serving, guard, settings, budget));
        server.addService(v1.MetricService, createMetricService(serving, guard, settings));
        server.addService(v1.SimilarityService, createSimilarityService(serving, guard, settings, budget));
        server.addService(v1.GalleryService, createGalleryService(serving, galleries, guard, settings, budget));
        return ['Embedder', 'Metric', 'Similarity', 'Gallery'].map((name) => `affinis.v1.${name}`);
      },
    },
    log,
  );
}
