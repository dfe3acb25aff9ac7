import { createHash } from 'node:crypto';
import type { EmbedderState } from './embedder-host.ts';
import { AffinisError } from './errors.ts';
import type { ModelRepository } from './model/repository.ts';
import type { WorkerPool } from './worker/pool.ts';
import type { EmbedderSpec } from './worker/protocol.ts';

/** The embedders in a pool, each loaded once and kept as long as anybody holds it. */
export interface EmbedderLeases {
  /** Loads the embedder unless one of the same specification is there; what cannot be loaded is a state, no error. */
  acquire(spec: AnonymousSpec): Promise<EmbedderLease>;
}

export interface EmbedderLease {
  /** The embedder's name in the pool. */
  readonly key: string;
  readonly state: EmbedderState;
  /** Once: unloads the embedder where nobody else holds it. */
  release(): Promise<void>;
}

export type AnonymousSpec = Omit<EmbedderSpec, 'name'>;

interface Holding {
  users: number;
  readonly state: Promise<EmbedderState>;
  /** Whether another attempt to load it would cost a worker thread its life. */
  deadly: boolean;
}

export function createEmbedderLeases(
  pool: Pick<WorkerPool, 'load' | 'unload'>,
  models: Pick<ModelRepository, 'find'>,
): EmbedderLeases {
  const holdings = new Map<string, Holding>();
  const load = async (spec: EmbedderSpec, holding: Holding): Promise<EmbedderState> => {
    try {
      return { available: true, description: await pool.load(spec) };
    } catch (thrown) {
      const error = AffinisError.from(thrown);
      holding.deadly = error.reason === 'WORKER_LOST';
      // The next attempt may find what was mended meanwhile.
      if (!holding.deadly && holdings.get(spec.name) === holding) holdings.delete(spec.name);
      return { available: false, reason: error.message, error };
    }
  };
  const begin = (spec: EmbedderSpec): Holding => {
    const { promise, resolve } = deferred<EmbedderState>();
    const holding: Holding = { users: 0, state: promise, deadly: false };
    holdings.set(spec.name, holding);
    void load(spec, holding).then(resolve);
    return holding;
  };
  return {
    async acquire(spec) {
      const key = await keyOf(spec, models);
      const holding = holdings.get(key) ?? begin({ ...spec, name: key });
      holding.users++;
      const state = await holding.state;
      return {
        key,
        state,
        async release() {
          if (--holding.users > 0) return;
          if (holdings.get(key) === holding) holdings.delete(key);
          if (state.available) await pool.unload(key);
        },
      };
    },
  };
}

/** Digest over all that determines an embedder, the manifests of its models included, behind a word for people. */
async function keyOf(spec: AnonymousSpec, models: Pick<ModelRepository, 'find'>): Promise<string> {
  const { source, projection } = spec;
  const label = 'model' in source ? source.model : source.type;
  const manifestOf = (reference: string | undefined) =>
    reference === undefined ? undefined : models.find(reference).catch(() => undefined);
  const found = await Promise.all([manifestOf('model' in source ? source.model : undefined), manifestOf(projection)]);
  const digest = createHash('sha256')
    .update(JSON.stringify([spec, found]))
    .digest('hex');
  return `${label}#${digest.slice(0, 16)}`;
}

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
