import type { v1 } from '@affinis/contracts';

const lightBytes = 64 * 1024;
const lightWeight = 1 / 8;

/**
 * What an item takes of a stream's places: embeddings are soon ready and then wait for the disk, so that eight times as
 * many are in work at once and share its syncs.
 */
export function enrollWeight({ samples }: v1.EnrollItem): number {
  let bytes = 0;
  for (const { content } of samples) {
    if (content?.$case !== 'embedding') return 1;
    const { mean, variance } = content.value;
    bytes += mean.byteLength + variance.byteLength;
  }
  return bytes <= lightBytes ? lightWeight : 1;
}
