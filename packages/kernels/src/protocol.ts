import type { ScanForm } from '@affinis/core';
import type { ChunkLayout } from './chunk-layout.ts';
import type { KernelKind } from './load-kernels.ts';

/** What a scanning thread is told. Everything but a task changes what it knows and is not answered. */
export type Message =
  | { readonly kind: 'memory'; readonly shard: number; readonly memory: WebAssembly.Memory }
  | { readonly kind: 'form'; readonly form: number; readonly spec: ScanForm }
  | { readonly kind: 'open'; readonly set: number; readonly layout: ChunkLayout }
  | { readonly kind: 'chunk'; readonly set: number; readonly shard: number; readonly address: number }
  | { readonly kind: 'hole'; readonly set: number }
  | { readonly kind: 'drop'; readonly set: number; readonly index: number }
  | { readonly kind: 'close'; readonly set: number }
  | { readonly kind: 'task'; readonly task: Task };

export interface Setup {
  readonly kernels: KernelKind;
  /** i32[]: the next chunk of the tasks that run. One for all, since a shared buffer in every message costs 0.1 ms. */
  readonly tickets: SharedArrayBuffer;
}

/** Work that all threads share: each takes the next chunk from `ticket` until there is none. */
export type Task = ScanTask | FillTask;

interface ChunkTask {
  readonly id: number;
  readonly set: number;
  /** Rows in the set. */
  readonly total: number;
  /** Place in `tickets`. */
  readonly ticket: number;
  /** Addresses of this thread's own memory by shard, at least `scratchBytes` each. */
  readonly scratch: readonly number[];
}

export interface ScanTask extends ChunkTask {
  readonly kind: 'scan';
  readonly form: number;
  /** float32[count, D] */
  readonly means: Float32Array;
  /** float32[count, D], float32[count] or empty */
  readonly variances: Float32Array;
  readonly varianceKind: 'none' | 'scalar' | 'diagonal';
  readonly count: number;
  readonly k: number;
  /** Bits to obey: those of rows that live, or of those that the search allows. */
  readonly allowed: boolean;
  /** Rows hold values that float32 lanes cannot take: `plain` kernels. */
  readonly wide: boolean;
  /** Power of two that variances were multiplied with. */
  readonly varianceScale: number;
  /** Where the rows are codes. */
  readonly codes?: CodesTask;
}

export interface CodesTask {
  readonly parameters: CodeParameters;
  /** As many as are wanted in the end. */
  readonly nearestK: number;
  /** float64[count]: by how much a row can be worse, by codes, than the wanted ones and still be one of them. */
  readonly margins: Float64Array;
}

/** Of one set of codes, for every dimension; see assembly/codes.ts. */
export interface CodeParameters {
  /** float32[D]: mean that is coded as 0. */
  readonly centres: Float32Array;
  /** float32[D]: what one step of the mean is worth. */
  readonly steps: Float32Array;
  /** float32[D]: standard deviation of rows' means. */
  readonly deviations: Float32Array;
  /** int32[D]: bits of the variance that is coded as 0, and of one code. */
  readonly varianceBits: Int32Array;
  readonly varianceSteps: Float32Array;
}

/** Fills rows from `from` on of one set with what another holds. */
export interface FillTask extends ChunkTask {
  readonly kind: 'fill';
  /** The set to read. */
  readonly source: number;
  readonly from: number;
  /** Where in the source the row for `from` is. */
  readonly sourceFrom: number;
  /** By a form's projection, or as codes. */
  readonly how: { readonly form: number } | { readonly parameters: CodeParameters };
}

export interface Reply {
  readonly id: number;
  readonly error?: string;
  /** By query: scores, best first, and their slots. Nothing for `fill`. */
  readonly found?: readonly Found[];
}

export interface Found {
  readonly scores: Float64Array;
  readonly slots: Uint32Array;
}
