import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { EmbedderDescription, Embedding } from '@affinis/core';

/** Embeddings by the sha256 of their sample, so that a second run does not embed again. One file a space and variance. */
export interface EmbeddingCache {
  get(key: string): Embedding | undefined;
  /** Kept in memory at once, on disk when it resolves. */
  add(key: string, embedding: Embedding): Promise<void>;
}

/** Key of a sample's content and of what was done to it before it was embedded. */
export const contentKey = (content: Uint8Array | string, treatment = ''): string =>
  createHash('sha256').update(treatment).update('\0').update(content).digest('hex');

/** Where Affinis keeps what it can make again. */
export const cacheFolder = (): string =>
  process.env.AFFINIS_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'affinis');

const keyBytes = 32;

/**
 * Records of the sha256, the mean and the variance, as float32. A last record that a crash cut short is cut off. `options` are the embedder's own: they may change what is embedded.
 */
export function openEmbeddingCache(
  description: EmbedderDescription,
  options: Readonly<Record<string, unknown>>,
): EmbeddingCache {
  const { space, varianceId, dimension, unitNorm } = description;
  const variances = { none: 0, scalar: 1, diagonal: dimension }[description.uncertainty];
  const floats = dimension + variances;
  const recordBytes = keyBytes + floats * 4;
  const name = createHash('sha256')
    .update(JSON.stringify([space, varianceId, options]))
    .digest('hex')
    .slice(0, 24);
  const folder = join(cacheFolder(), 'embeddings');
  const file = join(folder, `${name}.bin`);
  const known = new Map<string, Float32Array>();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (existsSync(file)) {
    const bytes = readFileSync(file);
    if (bytes.length % recordBytes !== 0) truncateSync(file, bytes.length - (bytes.length % recordBytes));
    readRecords(bytes, recordBytes, known);
  }

  return {
    get(key) {
      const values = known.get(key);
      if (!values) return undefined;
      const variance = values.subarray(dimension);
      return {
        mean: values.subarray(0, dimension),
        ...(variances === 0
          ? {}
          : { variance: { kind: variances === 1 && dimension !== 1 ? 'scalar' : 'diagonal', values: variance } }),
        unitNorm,
        space,
        ...(varianceId === undefined ? {} : { varianceId }),
      };
    },
    async add(key, { mean, variance }) {
      const values = new Float32Array(floats);
      values.set(mean);
      if (variance) values.set(variance.values, dimension);
      known.set(key, values);
      await appendFile(file, Buffer.concat([Buffer.from(key, 'hex'), Buffer.from(values.buffer)]), { mode: 0o600 });
    },
  };
}

function readRecords(bytes: Buffer, recordBytes: number, known: Map<string, Float32Array>): void {
  for (let at = 0; at + recordBytes <= bytes.length; at += recordBytes) {
    const key = bytes.toString('hex', at, at + keyBytes);
    const values = new Float32Array(new Uint8Array(bytes.subarray(at + keyBytes, at + recordBytes)).buffer);
    known.set(key, values);
  }
}
