import type { AffinisError } from '../errors.ts';

/** What happens to worker threads besides their tasks, for logs and metrics. */
export type WorkerEvent =
  | { readonly kind: 'ended'; readonly worker: number; readonly restartInMs: number; readonly error: AffinisError }
  | { readonly kind: 'restarted'; readonly worker: number }
  /** A restarted thread could not build an embedder again; it serves the others. */
  | { readonly kind: 'load-failed'; readonly worker: number; readonly embedder: string; readonly error: AffinisError };
