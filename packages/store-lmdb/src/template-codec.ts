import type { Embedding, StoredGallery, StoredTemplate, Template, TemplateSource } from '@affinis/core';
import { varianceLength } from '@affinis/core';
import { checkSeal } from './checksum.ts';
import { damaged } from './errors.ts';
import { readFloats, writeFloats } from './floats.ts';
import { idOfTemplateKey } from './keys.ts';
import { readRowVectors } from './row-codec.ts';

/**
 * A template without its fused embedding, which its row holds: uint32 checksum, uint32 bytes of JSON, the JSON, then
 * float32 mean and variance of every source. A source that equals the fused embedding, as an only one does, is not kept
 * twice.
 */
const headBytes = 8;

interface Head {
  readonly sequence: number;
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly consentAt?: number;
  readonly expiresAt?: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly varianceId?: string | null;
  readonly sources: readonly { readonly at: number; readonly varianceId?: string | null; readonly fused?: true }[];
}

export type Numbered = Pick<StoredTemplate, 'sequence' | 'revision'>;

/** Still to be sealed. */
export function encodeTemplate(template: Template, { sequence, revision }: Numbered, gallery: StoredGallery): Buffer {
  const { fused, sources, metadata, createdAt, updatedAt, consentAt, expiresAt } = template;
  const apart = sources.filter(({ embedding }) => !sameVectors(embedding, fused));
  const head: Head = {
    sequence,
    revision,
    createdAt,
    updatedAt,
    ...(consentAt === undefined ? {} : { consentAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    metadata,
    ...ownVarianceId(fused, gallery),
    sources: sources.map((source) => ({
      at: source.enrolledAt,
      ...ownVarianceId(source.embedding, gallery),
      ...(apart.includes(source) ? {} : { fused: true }),
    })),
  };
  const json = Buffer.from(JSON.stringify(head));
  const floats = 4 * (gallery.dimension + varianceLength(gallery));
  const value = Buffer.allocUnsafe(headBytes + json.length + apart.length * floats);
  value.writeUInt32LE(json.length, 4);
  json.copy(value, headBytes);
  let end = headBytes + json.length;
  for (const { embedding } of apart) {
    end = writeFloats(value, end, embedding.mean);
    if (embedding.variance) end = writeFloats(value, end, embedding.variance.values);
  }
  return value;
}

/** What is known of a template without its vectors. */
export function decodeHead(key: Uint8Array, value: Buffer): Head {
  checkSeal(key, value, 'a template');
  return parseHead(value);
}

/** `row` gives the template's row by its number; a template without one is damage. */
export function decodeTemplate(
  key: Uint8Array,
  value: Buffer,
  gallery: StoredGallery,
  row: (sequence: number) => Buffer | undefined,
): StoredTemplate {
  const { metadata, sources: kept, varianceId, ...head } = decodeHead(key, value);
  const vectors = emptyVectors(gallery);
  let end = headBytes + value.readUInt32LE(4);
  // The row is read last: it may be read into the memory that `value` is a view of.
  const apart = kept.map(({ fused }) => {
    if (fused) return undefined;
    const { mean, variance } = emptyVectors(gallery);
    end = readFloats(value, readFloats(value, end, mean), variance);
    return { mean, variance };
  });
  const rowValue = row(head.sequence);
  if (!rowValue || !readRowVectors(rowValue, vectors.mean, vectors.variance)) throw damaged('a template has no row');
  const fused = embeddingOf(gallery, vectors, varianceId);
  const sources = kept.map(({ at, varianceId }, index): TemplateSource => {
    const own = apart[index] ?? { mean: vectors.mean.slice(), variance: vectors.variance.slice() };
    return { embedding: embeddingOf(gallery, own, varianceId), enrolledAt: at };
  });
  return { id: idOfTemplateKey(key), fused, sources, metadata, ...head };
}

function parseHead(value: Buffer): Head {
  try {
    return JSON.parse(value.toString('utf8', headBytes, headBytes + value.readUInt32LE(4))) as Head;
  } catch (cause) {
    throw damaged('a template cannot be read', cause);
  }
}

interface Vectors {
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

const emptyVectors = (gallery: StoredGallery): Vectors => ({
  mean: new Float32Array(gallery.dimension),
  variance: new Float32Array(varianceLength(gallery)),
});

/** The gallery's variance id stands for the embedding's where the record names none; null: it has none. */
function embeddingOf(gallery: StoredGallery, { mean, variance }: Vectors, own: string | null | undefined): Embedding {
  const { varianceKind, unitNorm, space } = gallery;
  const varianceId = own === undefined ? gallery.varianceId : (own ?? undefined);
  return {
    mean,
    ...(varianceKind === 'none' ? {} : { variance: { kind: varianceKind, values: variance } }),
    unitNorm,
    space,
    ...(varianceId === undefined ? {} : { varianceId }),
  };
}

function ownVarianceId({ varianceId }: Embedding, gallery: StoredGallery): { varianceId?: string | null } {
  return varianceId === gallery.varianceId ? {} : { varianceId: varianceId ?? null };
}

function sameVectors(left: Embedding, right: Embedding): boolean {
  return (
    sameFloats(left.mean, right.mean) &&
    sameFloats(left.variance?.values ?? noFloats, right.variance?.values ?? noFloats)
  );
}

const noFloats = new Float32Array();

function sameFloats(left: Float32Array, right: Float32Array): boolean {
  return bytesOf(left).equals(bytesOf(right));
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
