import type { ModelIdentity } from '@affinis/core';

/** An embedder's model, and whether it is in memory. */
export interface ModelStatus {
  /** Name of the embedder. */
  readonly embedder: string;
  /** What the configuration names: a model, or the id of a plugin's embedder. */
  readonly reference: string;
  readonly state: 'loaded' | 'unloaded' | 'failed';
  /** Why it is not loaded and what to do. Absent where it is. */
  readonly problem?: string;
  /** Absent where it is not loaded. */
  readonly model?: ModelIdentity;
  /** Of its artefact on the disk, which each worker holds in memory. Absent where unknown. */
  readonly artefactBytes?: number;
  /** Worker threads that hold it. */
  readonly workers: number;
  /** Names of the pipelines that use it. */
  readonly pipelines: readonly string[];
}

/** What a reload changes, one change a line. */
export interface ReloadAnswer {
  readonly changes: readonly string[];
  /** What takes a restart of the server. */
  readonly afterRestart: readonly string[];
}
