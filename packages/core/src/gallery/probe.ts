import { checkComparable, packBlock } from '../blocks.ts';
import type { Embedding } from '../embedding.ts';
import { AffinisError } from '../errors.ts';
import { fuse } from '../fusion.ts';
import type { EmbeddingBlock } from '../metric.ts';
import type { SinglePipeline } from '../pipeline.ts';
import { logVariance } from '../score-sides.ts';
import { embedSide, type Side } from '../sides.ts';
import type { Probe } from './gallery.ts';
import { varianceLengthOf } from './row-block.ts';
import { packRows } from './row-feed.ts';
import type { StoredGallery } from './template-store.ts';

/** One side that is looked for. */
export interface EmbeddedProbe extends Pick<Side, 'infos' | 'timings'> {
  /** As the pipeline fuses it, and as Verify would score it. */
  readonly embedding: Embedding;
  readonly logVariance: number | undefined;
  /** One row, for the metric itself. */
  readonly block: EmbeddingBlock;
}

/** Embeds and fuses one side; errors' fields are relative to the item (`samples[0].media`). */
export async function embedProbe(
  pipeline: SinglePipeline,
  gallery: StoredGallery,
  probe: Probe,
  signal: AbortSignal | undefined,
): Promise<EmbeddedProbe> {
  const side = await embedSide(pipeline.embedder, probe, signal);
  const embedding = fuse(side.embeddings, pipeline.fusion);
  try {
    checkComparable(pipeline.metric, embedding, anyRow(gallery));
  } catch (thrown) {
    // The gallery has been found to fit the pipeline: it is the probe that does not.
    const { code, message, field = 'embedding', reason, ...error } = AffinisError.from(thrown);
    const place = `samples[0].${field.replace(/^(left|right)\./, '')}`;
    throw new AffinisError(code, message, {
      field: place,
      ...(reason === undefined ? {} : { reason }),
      cause: error.cause,
    });
  }
  const { infos, timings } = side;
  const block = packBlock([embedding], { withVariance: pipeline.metric.needsVariance });
  return { embedding, infos, timings, logVariance: logVariance(embedding.variance), block };
}

/** Something of the gallery's space and variance, whatever its values. */
function anyRow({ space, unitNorm, dimension, varianceKind, varianceId }: StoredGallery): Embedding {
  return {
    mean: new Float32Array(dimension),
    space,
    unitNorm,
    ...(varianceKind === 'none' ? {} : { variance: { kind: varianceKind, values: new Float32Array(1) } }),
    ...(varianceId === undefined ? {} : { varianceId }),
  };
}

/** Probes as rows of the gallery's own shape, for the indices; a variance that no metric will read is made up. */
export function queriesOf(probes: readonly EmbeddedProbe[], gallery: StoredGallery): EmbeddingBlock {
  const length = varianceLengthOf(gallery);
  return packRows(
    probes.map(({ embedding: { mean, variance } }) => ({ mean, variance: spread(variance?.values, length) })),
    gallery,
  );
}

function spread(values: Float32Array | undefined, length: number): Float32Array {
  if (values?.length === length) return values;
  const sum = values?.reduce((total, value) => total + value, 0) ?? 1;
  return new Float32Array(length).fill(sum / (values?.length ?? 1));
}
