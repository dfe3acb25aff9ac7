import { AffinisError, type EmbeddingBlock } from '@affinis/core';

/** A block's variances; throws `failed-precondition` where it has none or is of another dimension. */
export function checkedVariances(block: EmbeddingBlock, dimension: number): Float32Array {
  if (block.dimension !== dimension)
    throw unfit(
      `embeddings of ${dimension} and ${block.dimension} dimensions cannot be compared; embed both with one model`,
      'DIMENSION_MISMATCH',
    );
  if (block.varianceKind === 'none' || !block.variances)
    throw unfit(
      'MLS needs a variance on both sides: embedder gives no variance; use cosine or an embedder with an uncertainty head',
      'NO_VARIANCE',
    );
  return block.variances;
}

export function unfit(problem: string, reason: string): AffinisError {
  return new AffinisError('failed-precondition', `[metric-mls] ${problem}`, { reason });
}
