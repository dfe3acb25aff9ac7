import { payloadBytes, type StreamItem, type v1 } from '@affinis/contracts';

const overheadBytes = 256;
const utf8BytesPerUnit = 3;

/** An upper bound on an item's encoded size, without encoding it. */
export function itemBytes(item: StreamItem): number {
  const samples = samplesOf(item);
  const others = samples.reduce((sum, sample) => sum + overheadBytes + unchunkableBytes(sample), 0);
  return overheadBytes + item.id.length * utf8BytesPerUnit + payloadBytes(item) + others + extraBytes(item);
}

function samplesOf(item: StreamItem): readonly (v1.Sample | undefined)[] {
  if ('sample' in item) return [item.sample];
  return 'samples' in item ? item.samples : [...(item.left?.samples ?? []), ...(item.right?.samples ?? [])];
}

/** What an item to enrol holds beside its samples. */
function extraBytes(item: StreamItem): number {
  if (!('templateId' in item)) return 0;
  const texts = [item.templateId, ...Object.entries(item.metadata).flat()];
  return texts.reduce((sum, text) => sum + text.length * utf8BytesPerUnit + 8, 0);
}

export function embeddingBytes({ mean, variance, space, varianceId }: v1.Embedding): number {
  return overheadBytes + mean.byteLength + variance.byteLength + (space.length + varianceId.length) * utf8BytesPerUnit;
}

function unchunkableBytes(sample: v1.Sample | undefined): number {
  const content = sample?.content;
  if (content?.$case === 'text') return content.value.length * utf8BytesPerUnit;
  return content?.$case === 'embedding' ? embeddingBytes(content.value) : 0;
}
