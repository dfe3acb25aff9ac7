import { fileURLToPath } from 'node:url';
import type { Embedding, SampleOrEmbedding } from '@affinis/core';
import { builtInConfig } from '../composition.ts';

const plugin = fileURLToPath(new URL('./angles-plugin.mjs', import.meta.url));
const shippedPipelines = Object.keys(builtInConfig.pipelines);

/**
 * An affinis.yaml without models: pipelines `cosine`, `euclidean`, `dot` (a plugin's metric) and `raw` (without policy) of
 * one embedder, `unsure` (MLS) of the same space with variances, `other` of another space.
 */
export const anglesConfig = (more = ''): string => `
plugins: ["@affinis/metric-cosine", "@affinis/metric-euclidean", "@affinis/metric-mls", ${JSON.stringify(plugin)}]
embedders:
  face: null
  voice: null
  text: null
  angles: { type: angles }
  unsure: { type: angles, options: { uncertainty: diagonal } }
  other: { type: angles, options: { space: other/1, dimension: 4 } }
pipelines:
${shippedPipelines.map((name) => `  ${name}: null`).join('\n')}
  cosine: { embedder: angles, metric: cosine, policy: { threshold: 0.9 } }
  euclidean: { embedder: angles, metric: euclidean, policy: { threshold: 0.45 } }
  dot: { embedder: angles, metric: dot, policy: { threshold: 0.9 } }
  raw: { embedder: angles, metric: dot }
  unsure: { embedder: unsure, metric: mls, policy: { threshold: 5 }, maxVariance: 0.5, fusion: inverse-variance }
  unsure-cosine: { embedder: unsure, metric: cosine, policy: { threshold: 0.9 } }
  other: { embedder: other, metric: cosine, policy: { threshold: 0.9 } }
defaults: { image: cosine, voice: cosine, text: cosine }
workers: { count: 1 }
${more}`;

/** A direction in degrees, as the embedder `angles` takes it. */
export const angle = (degrees: number | string): SampleOrEmbedding => ({ kind: 'text', text: String(degrees) });

/** The same as an embedding that a client made. */
export const direction = (degrees: number, extra: Partial<Embedding> = {}): SampleOrEmbedding => {
  const radians = (degrees * Math.PI) / 180;
  const mean = new Float32Array(8);
  mean.set([Math.cos(radians), Math.sin(radians)]);
  return { kind: 'embedding', embedding: { mean, unitNorm: true, space: 'angles/1', ...extra } };
};
