import type { Tensors } from './tensor.ts';

/**
 * Loads a model artefact and runs it. Always called inside a worker thread, so it may block; the digests of the
 * artefact and of the files beside it have been checked, and all lie inside the model's folder.
 */
export interface Backend {
  /** Name used in manifests: `onnx`, `tfjs`. */
  readonly id: string;
  load(artefact: Artefact, options: SessionOptions): Promise<Session>;
}

export interface Artefact {
  /** Absolute real path of the file. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Content of the files that `model.yaml` lists beside the artefact, by the names listed. A backend reads no others. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
}

export interface SessionOptions {
  /** Threads inside one run; several workers scale better than several threads. */
  readonly threads: number;
}

/** One loaded model. Not called concurrently. */
export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Runs the model once. `outputs` names the tensors wanted; results own their memory. */
  run(inputs: Tensors, outputs: readonly string[]): Promise<Tensors>;
  dispose(): Promise<void>;
}
