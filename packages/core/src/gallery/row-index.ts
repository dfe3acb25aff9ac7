import type { EmbeddingBlock } from '../metric.ts';
import type { ScanForm } from './scan-form.ts';

/**
 * The rows of one gallery, one a template, laid out for scanning by threads of their own. A row is known by the sequence
 * number that the store gave it. The caller's thread copies and never scans.
 */
export interface RowIndex {
  /** Rows that a search can return. */
  readonly count: number;
  /** Memory that the rows take, everything that belongs to them included. */
  readonly bytes: number;
  /** Appends a block's rows. `sequences[r]` belongs to row r; they ascend, also from call to call. */
  append(rows: EmbeddingBlock, sequences: ArrayLike<number>): void;
  /** Resolves when all that was appended lies as it is to lie; between large appends it bounds the memory under way. */
  settle(): Promise<void>;
  /** Forgets a row; false where there is none of that number. A template that changes gets a new row. */
  remove(sequence: number): boolean;
  /** The `k` rows most alike each query, best first; fewer where there are fewer. Throws where a query does not fit the rows. */
  search(form: ScanForm, queries: EmbeddingBlock, options: SearchOptions): Promise<readonly (readonly Candidate[])[]>;
  /** Refuses what comes after; searches that run are finished first. */
  close(): Promise<void>;
}

export interface SearchOptions {
  readonly k: number;
  /** Only rows of these numbers, ascending; default all. */
  readonly allowed?: ArrayLike<number>;
  readonly signal?: AbortSignal;
}

export interface Candidate {
  readonly sequence: number;
  /** The form's score: exact to about 1e-6 of its parts' magnitude. */
  readonly score: number;
}

export interface RowIndexOptions {
  readonly dimension: number;
  readonly varianceKind: 'none' | 'scalar' | 'diagonal';
  /** `exact`: float32 rows in memory. `quantised`: a byte a value in memory, and `readRow` for the exact ones. */
  readonly mode: 'exact' | 'quantised';
  /**
   * Copies the exact row into `mean` (float32[D]) and `variance` (float32[D], float32[1] or empty), or returns false where
   * it is gone. `quantised` needs it.
   */
  readonly readRow?: (sequence: number, mean: Float32Array, variance: Float32Array) => boolean;
}

/** Makes indices that share threads. */
export interface RowIndexFactory {
  create(options: RowIndexOptions): RowIndex;
  /** Ends the threads. */
  close(): Promise<void>;
}
