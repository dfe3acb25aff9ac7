import { AffinisError, type EmbeddingBlock, type RowIndexOptions, type ScanForm } from '@affinis/core';

/** Throws `failed-precondition` where the queries do not fit the rows, or either lacks what the form reads. */
export function checkQueries(form: ScanForm, queries: EmbeddingBlock, rows: RowIndexOptions): void {
  if (queries.dimension !== rows.dimension)
    throw unfit(
      `queries of ${queries.dimension} dimensions cannot be compared with rows of ${rows.dimension}; embed both with one model`,
      'DIMENSION_MISMATCH',
    );
  if (form.kind !== 'mls' && form.kind !== 'mls-llr') return;
  if (queries.varianceKind === 'none' || !queries.variances || rows.varianceKind === 'none')
    throw unfit(
      `"${form.kind}" needs a variance on both sides; use an embedder with uncertainty, or a metric such as cosine`,
      'NO_VARIANCE',
    );
  if (form.kind === 'mls-llr' && (form.mean.length !== rows.dimension || form.between.length !== rows.dimension))
    throw unfit(
      `the population is of ${form.mean.length} dimensions and the rows of ${rows.dimension}; use that of the rows' model`,
      'DIMENSION_MISMATCH',
    );
}

const unfit = (problem: string, reason: string) =>
  new AffinisError('failed-precondition', `[kernels] ${problem}`, { reason });
