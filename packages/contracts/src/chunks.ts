import type { Chunk } from './generated/affinis/v1/chunk.ts';
import { payloadsOf, type StreamItem } from './payloads.ts';

/** A message after the start of a stream, as the oneof of every stream's request. */
export type ItemOrChunk<Item> =
  | { readonly $case: 'item'; readonly value: Item }
  | { readonly $case: 'chunk'; readonly value: Chunk };

export interface SplitOptions {
  /** Payload bytes that an item's own message may hold; an item with more sends all of them in chunks. */
  readonly maxInlineBytes: number;
  readonly chunkBytes: number;
}

/** Bytes of media, sound and tensors that an item holds. */
export const payloadBytes = (item: StreamItem): number =>
  payloadsOf(item).reduce((sum, { bytes }) => sum + bytes.byteLength, 0);

/** An item as the messages that carry it. Changes the item where its bytes move into chunks. */
export function* splitItem<Item extends StreamItem>(
  item: Item,
  { maxInlineBytes, chunkBytes }: SplitOptions,
): Generator<ItemOrChunk<Item>> {
  const chunked =
    payloadBytes(item) > maxInlineBytes ? payloadsOf(item).filter(({ bytes }) => bytes.byteLength > 0) : [];
  for (const { bytes, set } of chunked) set(new Uint8Array(), BigInt(bytes.byteLength));
  yield { $case: 'item', value: item };
  for (const [medium, { bytes }] of chunked.entries())
    for (let offset = 0; offset < bytes.byteLength; offset += chunkBytes) {
      const data = bytes.subarray(offset, offset + chunkBytes);
      yield { $case: 'chunk', value: { itemId: item.id, medium, offset: BigInt(offset), data } };
    }
}
