import type { EmbeddingBlock } from '@affinis/core';
import { greatestMean, widest } from './prepare-queries.ts';

/** Power of two that brings the block's variances to about 1: multiplying with it loses nothing. */
export function varianceScaleOf({ variances, varianceKind, start, count, dimension }: EmbeddingBlock): number {
  if (!variances || varianceKind === 'none') return 1;
  const width = varianceKind === 'scalar' ? 1 : dimension;
  let sum = 0;
  for (let at = start * width; at < (start + count) * width; at++) sum += Math.log2(variances[at] as number);
  return 2 ** Math.max(-100, Math.min(100, -Math.round(sum / (count * width))));
}

/** Whether a block holds values that float32 lanes cannot take. */
export function isWide(
  { means, variances, varianceKind, start, count, dimension }: EmbeddingBlock,
  scale: number,
): boolean {
  for (let at = start * dimension; at < (start + count) * dimension; at++)
    if (!(Math.abs(means[at] as number) < greatestMean)) return true;
  if (!variances || varianceKind === 'none') return false;
  const width = varianceKind === 'scalar' ? 1 : dimension;
  for (let at = start * width; at < (start + count) * width; at++) {
    const scaled = (variances[at] as number) * scale;
    if (!(scaled >= 1 / widest && scaled <= widest)) return true;
  }
  return false;
}
