import type { EmbedItem } from './generated/affinis/v1/embedder.ts';
import type { EnrollItem, IdentifyItem } from './generated/affinis/v1/gallery.ts';
import type { Sample } from './generated/affinis/v1/sample.ts';
import type { VerifyItem } from './generated/affinis/v1/similarity.ts';

/** An item of a batch or a stream; on a stream its samples may announce that their bytes follow in chunks. */
export type StreamItem = EmbedItem | VerifyItem | EnrollItem | IdentifyItem;

/** Bytes of a sample that may travel in chunks instead of inside the item's message. */
export interface Payload {
  /** Where it stands in the item: `left.samples[0].media`. */
  readonly field: string;
  readonly announcedBytes: bigint;
  readonly bytes: Uint8Array;
  /** Changes the message: the bytes it holds, and how many it says will follow. */
  set(bytes: Uint8Array, announcedBytes: bigint): void;
}

/** In the order in which chunks count them: left before right, then by sample. */
export function payloadsOf(item: StreamItem): Payload[] {
  if ('sample' in item) return payloadOf(item.sample, 'sample');
  if ('samples' in item) return item.samples.flatMap((sample, index) => payloadOf(sample, `samples[${index}]`));
  return (['left', 'right'] as const).flatMap((side) =>
    (item[side]?.samples ?? []).flatMap((sample, index) => payloadOf(sample, `${side}.samples[${index}]`)),
  );
}

function payloadOf(sample: Sample | undefined, field: string): Payload[] {
  const content = sample?.content;
  switch (content?.$case) {
    case 'media':
    case 'tensor': {
      const { value } = content;
      const set: Payload['set'] = (data, chunkedBytes) => void Object.assign(value, { data, chunkedBytes });
      return [{ field: `${field}.${content.$case}`, announcedBytes: value.chunkedBytes, bytes: value.data, set }];
    }
    case 'pcm': {
      const { value } = content;
      const set: Payload['set'] = (samples, chunkedBytes) => void Object.assign(value, { samples, chunkedBytes });
      return [{ field: `${field}.pcm`, announcedBytes: value.chunkedBytes, bytes: value.samples, set }];
    }
    default:
      return [];
  }
}
