import { fileURLToPath } from 'node:url';
import type { Embedding, EmbeddingBlock } from '@affinis/core';
import { withoutModels } from './without-models.ts';

/** Its embedder `angles` describes a space of any dimension, so that clients may send embeddings of it. */
const plugin = fileURLToPath(new URL('../../../apps/server/src/testing/angles-plugin.mjs', import.meta.url));
/** What an embedding says of itself beside its numbers. */
export const givenSpace = { space: 'angles/1', varianceId: 'angles', unitNorm: true } as const;

export interface GivenConfigOptions {
  readonly dimension: number;
  /** Folder of the galleries. */
  readonly path: string;
  readonly threads?: number;
}

/**
 * An affinis.yaml without models: pipelines `cosine` and `mls` of one embedder with diagonal variances, for embeddings that
 * clients send.
 */
export const givenConfig = ({ dimension, path, threads = 1 }: GivenConfigOptions): string => `
plugins: ["@affinis/metric-cosine", "@affinis/metric-mls", ${JSON.stringify(plugin)}]
${withoutModels({
  embedders: `given: { type: angles, options: { dimension: ${dimension}, uncertainty: diagonal } }`,
  pipelines: [
    'cosine: { embedder: given, metric: cosine, policy: { threshold: 0.5 } }',
    'mls: { embedder: given, metric: mls, policy: { threshold: 0 } }',
  ],
  pipeline: 'cosine',
})}
galleries: { path: ${JSON.stringify(path)}, threads: ${threads} }
`;

/** A row of a block, as a client sends it. */
export function givenEmbedding({ dimension, means, variances }: EmbeddingBlock, row: number): Embedding {
  const range = [row * dimension, (row + 1) * dimension] as const;
  const values = variances?.subarray(...range) ?? new Float32Array(dimension);
  return { mean: means.subarray(...range), variance: { kind: 'diagonal', values }, ...givenSpace };
}
