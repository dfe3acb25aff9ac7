import type { BatchingConfig, EmbedderConfig } from '../config/schema.ts';
import type { Embedded } from '../embedder.ts';
import { createEmbedderHost, type EmbedderHost, type EmbedderState } from '../embedder-host.ts';
import { checkEmbedded } from '../embedding-check.ts';
import { AffinisError } from '../errors.ts';
import type { Modality } from '../modality.ts';
import type { Sample } from '../sample.ts';
import { createScheduler } from '../scheduler.ts';
import type { RemoteEmbedder, RemoteEmbedderDefinition } from './remote-plugin.ts';

export interface RemoteEmbedderOptions {
  readonly name: string;
  readonly definition: RemoteEmbedderDefinition;
  readonly entry: EmbedderConfig;
  readonly batching: BatchingConfig;
  findModality(id: string): Modality | undefined;
}

/** Batches that a plugin gets at once; it queues what is beyond its own threads. */
const batchesAtOnce = 4;

/** A plugin's embedder behind a queue of its own: one that hangs holds no other up. */
export async function createRemoteEmbedderHost(
  options: RemoteEmbedderOptions,
): Promise<{ readonly host: EmbedderHost; dispose(): Promise<void> }> {
  const { name, definition, entry, batching } = options;
  let embedder: RemoteEmbedder | undefined;
  let state: EmbedderState;
  try {
    refuseProjection(name, entry);
    embedder = await definition.create(entry.options);
    state = { available: true, description: embedder.description };
  } catch (thrown) {
    state = unavailable(AffinisError.from(thrown));
  }
  const scheduler = createScheduler<Sample, Embedded>({
    ...batching,
    slots: batchesAtOnce,
    run: (_, samples, deadline) => embedAll(embedder, samples, deadline),
  });
  const modality = state.available ? options.findModality(state.description.modality) : undefined;
  return {
    host: createEmbedderHost({ name, state, modality, scheduler }),
    dispose: async () => embedder?.dispose(),
  };
}

/** Projections run in the worker threads, where the plugin's embeddings never are. */
function refuseProjection(name: string, { projection }: EmbedderConfig): void {
  if (projection === undefined) return;
  throw new AffinisError(
    'failed-precondition',
    `[core] embedder "${name}" runs in a process of its own and cannot pass a projection; project in the plugin, or load it as a module`,
    { field: 'projection' },
  );
}

/** What a plugin returns is checked as what a model returns is. */
async function embedAll(
  embedder: RemoteEmbedder | undefined,
  samples: readonly Sample[],
  deadline: number | undefined,
) {
  if (!embedder) return [];
  const results = await embedder.embed(samples, { deadline });
  return results.map((result) => checkEmbedded(result, embedder.description));
}

export const unavailable = (error: AffinisError): EmbedderState => ({
  available: false,
  reason: error.message,
  error,
});
