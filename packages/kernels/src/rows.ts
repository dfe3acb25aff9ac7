import type { Candidate, EmbeddingBlock, RowIndexOptions, ScanForm } from '@affinis/core';
import { createCodedRows } from './coded-rows.ts';
import { createExactRows } from './exact-rows.ts';
import type { Executor } from './executor.ts';

/** The rows of one index; searches come one at a time. */
export interface Rows {
  readonly count: number;
  readonly bytes: number;
  append(block: EmbeddingBlock, sequences: ArrayLike<number>): void;
  remove(sequence: number): boolean;
  search(search: Search): Promise<readonly (readonly Candidate[])[]>;
  settle(): Promise<void>;
  close(): void;
}

export interface Search {
  readonly form: ScanForm;
  /** At most 16, from row 0 on. */
  readonly queries: EmbeddingBlock;
  readonly k: number;
  readonly allowed?: ArrayLike<number>;
}

export const createRows = (executor: Executor, options: RowIndexOptions): Rows =>
  options.mode === 'exact' ? createExactRows(executor, options) : createCodedRows(executor, options);
