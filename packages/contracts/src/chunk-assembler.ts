import { AffinisError } from '@affinis/core';
import type { ByteBudget } from './byte-budget.ts';
import { invalid } from './bytes.ts';
import type { ItemOrChunk } from './chunks.ts';
import type { Chunk } from './generated/affinis/v1/chunk.ts';
import { type Payload, payloadsOf, type StreamItem } from './payloads.ts';

/**
 * Puts the items of one stream together from their messages and chunks, by the rules in chunk.proto. Memory grows with
 * what has arrived, never with what was announced.
 */
export interface ChunkAssembler<Item> {
  /** What the message completed or broke: usually nothing or one item, two failures where it interrupted another item. */
  push(message: ItemOrChunk<Item>): readonly Assembled<Item>[];
  /** The stream has ended or was given up: an unfinished item fails, and its bytes are released. */
  end(): readonly Assembled<Item>[];
}

export type Assembled<Item> =
  /** Complete: its samples hold all their bytes. `bufferedBytes` of the budget are to be released once it is answered. */
  | { readonly ok: true; readonly item: Item; readonly bufferedBytes: number }
  /** The error's field is relative to the item. */
  | { readonly ok: false; readonly id: string; readonly error: AffinisError };

export interface ChunkLimits {
  /** Most bytes of one medium. */
  readonly maxMediumBytes: number;
  /** Most bytes of all chunked media of one item. */
  readonly maxItemBytes: number;
  /** Shared with other streams; default: only the limits above. */
  readonly budget?: ByteBudget;
}

interface OpenItem<Item> {
  readonly item: Item;
  /** Those that come in chunks. */
  readonly payloads: readonly Payload[];
  medium: number;
  buffer: Uint8Array;
  received: number;
  reservedBytes: number;
}

const leastBufferBytes = 64 * 1024;

export function createChunkAssembler<Item extends StreamItem>(limits: ChunkLimits): ChunkAssembler<Item> {
  const { budget } = limits;
  let open: OpenItem<Item> | undefined;
  /** Chunks that are dropped silently, until the next item: of the item that failed last, of the stray reported last. */
  let failedId: string | undefined;
  let strayId: string | undefined;

  const failOpen = (error: AffinisError): Assembled<Item>[] => {
    if (!open) return [];
    const { id } = open.item;
    budget?.release(open.reservedBytes);
    open = undefined;
    failedId = id;
    return [{ ok: false, id, error }];
  };

  const interrupt = (by: string) => (open ? failOpen(unfinished(open, by)) : []);

  const begin = (item: Item): Assembled<Item>[] => {
    failedId = undefined;
    strayId = undefined;
    const payloads = payloadsOf(item).filter(({ announcedBytes }) => announcedBytes > 0n);
    if (payloads.length === 0) return [{ ok: true, item, bufferedBytes: 0 }];
    open = { item, payloads, medium: 0, buffer: new Uint8Array(), received: 0, reservedBytes: 0 };
    const error = checkAnnounced(payloads, limits);
    return error ? failOpen(error) : [];
  };

  const receive = (chunk: Chunk): Assembled<Item>[] => {
    if (open?.item.id !== chunk.itemId) return refuseStray(chunk.itemId);
    const payload = open.payloads[open.medium];
    const error = payload && checkChunk(chunk, open, payload);
    if (!payload || error) return failOpen(error ?? new AffinisError('internal', '[contracts] no medium is due'));
    if (!append(open, chunk.data, Number(payload.announcedBytes), budget)) return failOpen(buffersFull(payload.field));
    if (open.received < Number(payload.announcedBytes)) return [];
    payload.set(open.buffer, 0n);
    Object.assign(open, { medium: open.medium + 1, buffer: new Uint8Array(), received: 0 });
    if (open.medium < open.payloads.length) return [];
    const { item, reservedBytes } = open;
    open = undefined;
    return [{ ok: true, item, bufferedBytes: reservedBytes }];
  };

  const refuseStray = (id: string): Assembled<Item>[] => {
    const interrupted = interrupt('a chunk of another item');
    if (id === failedId || id === strayId) return interrupted;
    strayId = id;
    const error = new AffinisError(
      'invalid-argument',
      '[contracts] a chunk came for an item that is not being received; send the item first, then all of its chunks',
      {
        reason: 'STRAY_CHUNK',
      },
    );
    return [...interrupted, { ok: false, id, error }];
  };

  return {
    push: (message) =>
      message.$case === 'chunk' ? receive(message.value) : [...interrupt('the next item'), ...begin(message.value)],
    end: () => interrupt('the end of the stream'),
  };
}

function checkAnnounced(
  payloads: readonly Payload[],
  { maxMediumBytes, maxItemBytes }: ChunkLimits,
): AffinisError | undefined {
  let total = 0n;
  for (const { field, announcedBytes, bytes } of payloads) {
    total += announcedBytes;
    if (bytes.byteLength > 0)
      return invalid('holds bytes and announces chunks; send one or the other', field, 'BAD_CHUNKS');
    if (announcedBytes > maxMediumBytes)
      return tooLarge(
        `${field}.chunked_bytes is ${announcedBytes}; the most for one medium is ${maxMediumBytes}`,
        field,
      );
    if (total > maxItemBytes)
      return tooLarge(`the item announces ${total} bytes or more; the most is ${maxItemBytes}`, field);
  }
  return undefined;
}

function checkChunk(
  { medium, offset, data }: Chunk,
  open: OpenItem<StreamItem>,
  { field, announcedBytes }: Payload,
): AffinisError | undefined {
  const bad = (problem: string) => invalid(problem, field, 'BAD_CHUNKS');
  if (medium !== open.medium) return bad(`: a chunk of medium ${medium} came where medium ${open.medium} is due`);
  if (offset !== BigInt(open.received)) return bad(`: a chunk at offset ${offset} came where ${open.received} is due`);
  if (data.byteLength === 0) return bad(': a chunk is empty');
  if (offset + BigInt(data.byteLength) > announcedBytes)
    return bad(`: its chunks hold more than the announced ${announcedBytes} bytes`);
  return undefined;
}

/** Copies the bytes to the end of the buffer, which doubles up to its announced size; false where the budget is spent. */
function append(
  open: OpenItem<StreamItem>,
  data: Uint8Array,
  announcedBytes: number,
  budget: ByteBudget | undefined,
): boolean {
  const needed = open.received + data.byteLength;
  if (needed > open.buffer.byteLength) {
    const capacity = Math.min(announcedBytes, Math.max(needed, 2 * open.buffer.byteLength, leastBufferBytes));
    const growth = capacity - open.buffer.byteLength;
    if (budget && !budget.reserve(growth)) return false;
    open.reservedBytes += budget ? growth : 0;
    const grown = new Uint8Array(capacity);
    grown.set(open.buffer.subarray(0, open.received));
    open.buffer = grown;
  }
  open.buffer.set(data, open.received);
  open.received = needed;
  return true;
}

function unfinished(open: OpenItem<StreamItem>, by: string): AffinisError {
  const payload = open.payloads[open.medium];
  const { field, announcedBytes } = payload ?? { field: 'item', announcedBytes: 0n };
  return invalid(
    `: ${by} came after ${open.received} of ${announcedBytes} announced bytes; send all of an item's chunks first`,
    field,
    'BAD_CHUNKS',
  );
}

const tooLarge = (problem: string, field: string) =>
  new AffinisError('resource-exhausted', `[contracts] ${problem}`, {
    field: `${field}.chunked_bytes`,
    reason: 'MEDIUM_TOO_LARGE',
  });

const buffersFull = (field: string) =>
  new AffinisError(
    'resource-exhausted',
    '[contracts] the server is receiving too many large media at once; try again later',
    {
      field,
      reason: 'BUFFERS_FULL',
      retryAfterMs: 1000,
    },
  );
