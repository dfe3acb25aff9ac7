import { AffinisError } from '@affinis/core';
import fc from 'fast-check';
import { createChunkAssembler } from './chunk-assembler.ts';
import { blockFromProto, embeddingFromProto } from './embedding-codec.ts';
import { afterOfPageToken, pageTokenOf } from './gallery-codec.ts';
import { enrollItemFromProto } from './gallery-item-codec.ts';
import { EmbedRequest, EmbedStreamRequest } from './generated/affinis/v1/embedder.ts';
import { Embedding, EmbeddingBlock } from './generated/affinis/v1/embedding.ts';
import { EnrollItem, ListTemplatesRequest } from './generated/affinis/v1/gallery.ts';
import { Sample } from './generated/affinis/v1/sample.ts';
import { VerifyItem } from './generated/affinis/v1/similarity.ts';
import { embedItemFromProto, verifyItemFromProto } from './item-codec.ts';
import { sampleFromProto } from './sample-codec.ts';

/** Bytes that a decoder gets far with: a valid message with a few bytes changed, removed or added. */
const damaged = (valid: Uint8Array) =>
  fc
    .array(fc.tuple(fc.nat(valid.byteLength), fc.nat(2), fc.uint8Array({ maxLength: 4 })), {
      minLength: 1,
      maxLength: 4,
    })
    .map((edits) =>
      edits.reduce<number[]>((bytes, [at, remove, insert]) => bytes.toSpliced(at, remove, ...insert), [...valid]),
    );

const embedding = {
  mean: new Uint8Array(8).fill(62),
  variance: new Uint8Array(8).fill(62),
  unitNorm: false,
  space: 's',
  varianceId: 'v',
  dimension: 2,
};
const samples = [
  Sample.create({
    content: {
      $case: 'media',
      value: { data: new Uint8Array(9), mediaType: 'image/png', landmarks: [{ x: 1, y: 2 }] },
    },
  }),
  Sample.create({
    content: { $case: 'pcm', value: { samples: new Uint8Array(16), sampleRateHz: 16000, channels: 2, encoding: 2 } },
  }),
  Sample.create({ content: { $case: 'tensor', value: { dataType: 1, shape: [2, 2], data: new Uint8Array(16) } } }),
  Sample.create({ content: { $case: 'text', value: 'hello' } }),
  Sample.create({ content: { $case: 'embedding', value: embedding } }),
];
const block = {
  ...embedding,
  count: 1,
  means: embedding.mean,
  variances: embedding.variance,
  varianceKind: 3,
} as const;

/** Decoding may throw what the transport turns into a status; what decodes must read, or fail as an AffinisError. */
function readsOrRefuses<T>(bytes: Uint8Array, decode: (bytes: Uint8Array) => T, read: (message: T) => unknown): void {
  let message: T;
  try {
    message = decode(bytes);
  } catch {
    return;
  }
  try {
    read(message);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AffinisError);
  }
}

const targets: readonly (readonly [string, Uint8Array, (bytes: Uint8Array) => void])[] = [
  ...samples.map((sample) => {
    const read = (bytes: Uint8Array) =>
      readsOrRefuses(bytes, Sample.decode, (message) => sampleFromProto(message, 'sample'));
    return [`Sample of ${sample.content?.$case}`, Sample.encode(sample).finish(), read] as const;
  }),
  [
    'Embedding',
    Embedding.encode(embedding).finish(),
    (bytes) => readsOrRefuses(bytes, Embedding.decode, (message) => embeddingFromProto(message, 'e')),
  ],
  [
    'EmbeddingBlock',
    EmbeddingBlock.encode(block).finish(),
    (bytes) => readsOrRefuses(bytes, EmbeddingBlock.decode, (message) => blockFromProto(message, 'b')),
  ],
  [
    'VerifyItem',
    VerifyItem.encode({ id: 'v', left: { samples }, right: { samples } }).finish(),
    (bytes) => readsOrRefuses(bytes, VerifyItem.decode, verifyItemFromProto),
  ],
  [
    'EnrollItem',
    EnrollItem.encode({
      id: 'i',
      templateId: 'ann',
      samples,
      metadata: { team: 'red' },
      consentAt: new Date(0),
      expiresAt: new Date(1e12),
      mode: 1,
    }).finish(),
    (bytes) => readsOrRefuses(bytes, EnrollItem.decode, enrollItemFromProto),
  ],
  [
    'ListTemplatesRequest',
    ListTemplatesRequest.encode({ gallery: 'g', pageSize: 1, pageToken: pageTokenOf('ann'), filter: {} }).finish(),
    (bytes) => readsOrRefuses(bytes, ListTemplatesRequest.decode, ({ pageToken }) => afterOfPageToken(pageToken)),
  ],
  [
    'EmbedRequest',
    EmbedRequest.encode({ embedder: '', items: samples.map((sample) => ({ id: 'i', sample })) }).finish(),
    (bytes) => readsOrRefuses(bytes, EmbedRequest.decode, ({ items }) => items.map(embedItemFromProto)),
  ],
  [
    'EmbedStreamRequest',
    EmbedStreamRequest.encode({
      message: { $case: 'chunk', value: { itemId: 'a', medium: 0, offset: 3n, data: new Uint8Array(4) } },
    }).finish(),
    (bytes) =>
      readsOrRefuses(bytes, EmbedStreamRequest.decode, ({ message }) => {
        if (message && message.$case !== 'start')
          createChunkAssembler({ maxMediumBytes: 100, maxItemBytes: 100 }).push(message);
      }),
  ],
];

test.each(targets)('%s: random and damaged bytes are read or refused, never more', (_, valid, read) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), read), { numRuns: 500 });
  fc.assert(
    fc.property(damaged(valid), (bytes) => read(Uint8Array.from(bytes))),
    { numRuns: 2000 },
  );
});
