import { checkEmbedding, type Embedding, type EmbeddingBlock, type Variance } from '@affinis/core';
import { bytesOf, floatsFromBytes, invalid } from './bytes.ts';
import * as pb from './generated/affinis/v1/embedding.ts';

const maxDimension = 65536;

/** Checked in shape and in values (core's `checkEmbedding`); owns its memory. Throws `invalid-argument` under `field`. */
export function embeddingFromProto(message: pb.Embedding | undefined, field: string): Embedding {
  if (!message) throw invalid('is missing', field);
  const mean = floatsFromBytes(message.mean, `${field}.mean`);
  if (mean.length > maxDimension)
    throw invalid(`has ${mean.length} dimensions; the most is ${maxDimension}`, `${field}.mean`);
  if (message.dimension !== 0 && message.dimension !== mean.length)
    throw invalid(`is ${message.dimension} but mean has ${mean.length} values`, `${field}.dimension`);
  const variance = varianceFromProto(message.variance, mean.length, `${field}.variance`);
  const embedding: Embedding = {
    mean,
    unitNorm: message.unitNorm,
    space: message.space,
    ...(variance ? { variance } : {}),
    ...(message.varianceId === '' ? {} : { varianceId: message.varianceId }),
  };
  checkEmbedding(embedding, field);
  return embedding;
}

export function embeddingToProto({ mean, variance, unitNorm, space, varianceId }: Embedding): pb.Embedding {
  return {
    mean: bytesOf(mean),
    variance: variance ? bytesOf(variance.values) : new Uint8Array(),
    unitNorm,
    space,
    varianceId: varianceId ?? '',
    dimension: mean.length,
  };
}

/** Packed embeddings with what they share. */
export interface SpacedBlock {
  readonly block: EmbeddingBlock;
  readonly space: string;
  readonly varianceId?: string;
}

/** Checked row by row like an embedding; owns its memory. Throws `invalid-argument` under `field`. */
export function blockFromProto(message: pb.EmbeddingBlock | undefined, field: string): SpacedBlock {
  if (!message) throw invalid('is missing', field);
  const { dimension, count, unitNorm, space } = message;
  if (dimension < 1 || dimension > maxDimension)
    throw invalid(`is ${dimension}, outside 1 to ${maxDimension}`, `${field}.dimension`);
  if (count < 1) throw invalid('is 0; send at least one row', `${field}.count`);
  const varianceKind = varianceKindFromProto(message.varianceKind);
  const perRow = { none: 0, scalar: 1, diagonal: dimension }[varianceKind];
  const means = rowsFromBytes(message.means, count, dimension, `${field}.means`);
  const variances = rowsFromBytes(message.variances, count, perRow, `${field}.variances`);
  const varianceId = message.varianceId === '' ? {} : { varianceId: message.varianceId };

  for (let row = 0; row < count; row++) {
    const mean = means.subarray(row * dimension, (row + 1) * dimension);
    const values = variances.subarray(row * perRow, (row + 1) * perRow);
    const variance = varianceKind === 'none' ? {} : { variance: { kind: varianceKind, values } };
    checkEmbedding({ mean, ...variance, unitNorm, space }, `${field}[${row}]`);
  }
  const withVariances = varianceKind === 'none' ? {} : { variances };
  return {
    block: { dimension, count, means, varianceKind, unitNorm, start: 0, ...withVariances },
    space,
    ...varianceId,
  };
}

/** The rows `start … start + count - 1` of the block, not copied. */
export function blockToProto({ block, space, varianceId }: SpacedBlock): pb.EmbeddingBlock {
  const { dimension, count, start, means, variances, varianceKind, unitNorm } = block;
  const perRow = varianceKind === 'diagonal' ? dimension : 1;
  return {
    dimension,
    count,
    means: bytesOf(means.subarray(start * dimension, (start + count) * dimension)),
    varianceKind: varianceKindToProto(varianceKind),
    variances: variances ? bytesOf(variances.subarray(start * perRow, (start + count) * perRow)) : new Uint8Array(),
    unitNorm,
    space,
    varianceId: varianceId ?? '',
  };
}

export type VarianceKind = EmbeddingBlock['varianceKind'];

export const varianceKindFromProto = (kind: pb.VarianceKind): VarianceKind =>
  kind === pb.VarianceKind.SCALAR ? 'scalar' : kind === pb.VarianceKind.DIAGONAL ? 'diagonal' : 'none';

export const varianceKindToProto = (kind: VarianceKind): pb.VarianceKind =>
  ({ none: pb.VarianceKind.NONE, scalar: pb.VarianceKind.SCALAR, diagonal: pb.VarianceKind.DIAGONAL })[kind];

function varianceFromProto(bytes: Uint8Array, dimension: number, field: string): Variance | undefined {
  if (bytes.byteLength === 0) return undefined;
  const values = floatsFromBytes(bytes, field);
  if (values.length !== 1 && values.length !== dimension)
    throw invalid(`has ${values.length} values; send none, 1 (scalar) or ${dimension} (diagonal)`, field);
  return { kind: values.length === 1 ? 'scalar' : 'diagonal', values };
}

function rowsFromBytes(bytes: Uint8Array, count: number, perRow: number, field: string): Float32Array {
  const expected = 4 * count * perRow;
  if (bytes.byteLength !== expected)
    throw invalid(
      `is ${bytes.byteLength} bytes where ${count} rows of ${perRow} float32 values are ${expected}`,
      field,
    );
  return floatsFromBytes(bytes, field);
}
