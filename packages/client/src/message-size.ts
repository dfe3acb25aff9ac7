import { payloadBytes, type v1 } from '@affinis/contracts';

const overheadBytes = 256;
const utf8BytesPerUnit = 3;

/** An upper bound on an item's encoded size, without encoding it. */
export function itemBytes(item: v1.EmbedItem | v1.VerifyItem): number {
  const samples = 'sample' in item ? [item.sample] : [...(item.left?.samples ?? []), ...(item.right?.samples ?? [])];
  const others = samples.reduce((sum, sample) => sum + overheadBytes + unchunkableBytes(sample), 0);
  return overheadBytes + item.id.length * utf8BytesPerUnit + payloadBytes(item) + others;
}

export function embeddingBytes({ mean, variance, space, varianceId }: v1.Embedding): number {
  return overheadBytes + mean.byteLength + variance.byteLength + (space.length + varianceId.length) * utf8BytesPerUnit;
}

function unchunkableBytes(sample: v1.Sample | undefined): number {
  const content = sample?.content;
  if (content?.$case === 'text') return content.value.length * utf8BytesPerUnit;
  return content?.$case === 'embedding' ? embeddingBytes(content.value) : 0;
}
