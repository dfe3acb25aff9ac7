import { createHash } from 'node:crypto';
import type { Embedder } from '../embedder.ts';
import type { Variance } from '../embedding.ts';
import { spaceDigest } from '../model/space.ts';
import { attempt } from '../result.ts';
import type { Sample } from '../sample.ts';

export interface VectorEmbedderOptions {
  readonly name: string;
  /** To be raised whenever the same sample would get another vector: it is part of the space. */
  readonly version: string;
  readonly licence: string;
  /** What it embeds: `image`, `voice`, `text`, or a kind of its own. */
  readonly modality: string;
  /** D */
  readonly dimension: number;
  /** Scale means to Euclidean norm 1. Default true. */
  readonly unitNorm?: boolean;
  /** What beside the version determines the vectors: the parameters that it was made from. */
  readonly parameters?: unknown;
  /** Default `none`. */
  readonly uncertainty?: 'none' | 'scalar' | 'diagonal';
  /**
   * float32[D], with its variance where `uncertainty` says so: float32[1] or float32[D]. Throws an `invalid-argument`
   * AffinisError for a sample that it cannot read; that sample fails alone.
   */
  embed(sample: Sample): Vector | Promise<Vector>;
  dispose?(): Promise<void>;
}

export type Vector = Float32Array | { readonly mean: Float32Array; readonly variance: Float32Array };

/** An embedder from a function from one sample to one vector: it names the space, normalises, times and fails by item. */
export function createVectorEmbedder(options: VectorEmbedderOptions): Embedder {
  const { name, version, licence, modality, dimension, unitNorm = true, uncertainty = 'none' } = options;
  const parameters = options.parameters ?? {};
  const digest = spaceDigest({ name, version, dimension, unitNorm, parameters });
  const space = `${name}/${digest}`;
  const variance = uncertainty === 'none' ? {} : { varianceId: `${name}/${spaceDigest({ digest, uncertainty })}` };
  const sha256 = createHash('sha256').update(`${space}@${version}`).digest('hex');
  const embedOne = async (sample: Sample) => {
    const started = performance.now();
    const vector = await options.embed(sample);
    const given = vector instanceof Float32Array ? { mean: vector } : vector;
    const scale = unitNorm ? 1 / Math.hypot(...given.mean) : 1;
    return {
      embedding: {
        mean: given.mean.map((value) => value * scale),
        unitNorm,
        space,
        ...('variance' in given ? { variance: varianceOf(given.variance, uncertainty, scale) } : {}),
        ...variance,
      },
      timings: { decodeMs: 0, prepareMs: 0, inferenceMs: performance.now() - started },
    };
  };
  return {
    description: {
      model: { name, version, sha256 },
      modality,
      dimension,
      space,
      unitNorm,
      uncertainty,
      licence,
      ...variance,
    },
    embed: (samples) => Promise.all(samples.map((sample) => attempt(() => embedOne(sample)))),
    ...(options.dispose ? { dispose: options.dispose } : {}),
  };
}

/** A mean that is scaled takes its variance along, by the square. */
function varianceOf(values: Float32Array, kind: VectorEmbedderOptions['uncertainty'], scale: number): Variance {
  return { kind: kind === 'scalar' ? 'scalar' : 'diagonal', values: values.map((value) => value * scale * scale) };
}
