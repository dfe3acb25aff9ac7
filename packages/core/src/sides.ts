import type { EmbedderHost } from './embedder-host.ts';
import { checkEmbedding, type Embedding } from './embedding.ts';
import { AffinisError } from './errors.ts';
import { attempt } from './result.ts';
import type { Sample, SampleOrEmbedding } from './sample.ts';
import type { SampleInfo } from './sample-info.ts';
import type { Comparison, PhaseTimings } from './verification.ts';

/** One side of a comparison, embedded; pipelines of one embedder may fuse it each in its own way. */
export interface Side {
  /** One a sample, in order; at least one. */
  readonly embeddings: readonly Embedding[];
  readonly infos: readonly (SampleInfo | undefined)[];
  readonly timings: readonly Omit<PhaseTimings, 'scoreMs'>[];
}

export interface Sides {
  readonly left: Side;
  readonly right: Side;
}

/** Embeds both sides at once; errors' fields are relative to the item (`left.samples[0].media`). */
export async function embedSides(
  embedder: EmbedderHost,
  { left, right }: Comparison,
  signal: AbortSignal | undefined,
): Promise<Sides> {
  const [l, r] = await Promise.all([
    attempt(() => embedSide(embedder, left, signal)),
    attempt(() => embedSide(embedder, right, signal)),
  ]);
  if (!l.ok) throw l.error.at('left');
  if (!r.ok) throw r.error.at('right');
  return { left: l.value, right: r.value };
}

/** Errors' fields are relative to the side (`samples[0].media`). */
export async function embedSide(
  embedder: EmbedderHost,
  samples: readonly SampleOrEmbedding[],
  signal: AbortSignal | undefined,
): Promise<Side> {
  if (samples.length === 0)
    throw new AffinisError('invalid-argument', '[core] a side needs at least one sample', {
      field: 'samples',
      reason: 'EMPTY',
    });
  // What a client sent as an embedding costs nothing to check, so it is refused before any work is queued.
  const given = samples.map((sample, index) =>
    sample.kind === 'embedding' ? checkGiven(embedder, sample.embedding, `samples[${index}].embedding`) : undefined,
  );
  const raw = samples.filter((sample): sample is Sample => sample.kind !== 'embedding');
  const embedded = await embedder.embed(raw, signal);
  let next = 0;
  const infos: (SampleInfo | undefined)[] = [];
  const timings: Side['timings'][number][] = [];
  const embeddings = given.map((embedding, index): Embedding => {
    if (embedding) {
      infos.push(undefined);
      return embedding;
    }
    const result = embedded[next++];
    if (!result) throw new AffinisError('internal', '[core] no result for a sample');
    if (!result.ok) throw result.error.at(`samples[${index}]`);
    const { value } = result;
    infos.push(value.info);
    timings.push({ queueMs: value.queueMs, ...value.timings });
    return value.embedding;
  });
  return { embeddings, infos, timings };
}

/** An embedding sent by a client must come from the pipeline's own space: its threshold means nothing elsewhere. */
function checkGiven(embedder: EmbedderHost, embedding: Embedding, field: string): Embedding {
  embedder.assertAvailable();
  if (!embedder.state.available) return embedding;
  const { space, dimension, unitNorm } = embedder.state.description;
  if (embedding.space !== space)
    throw new AffinisError(
      'failed-precondition',
      `[core] ${field} is of space ${embedding.space}; this pipeline compares ${space}, so embed the sample with its model`,
      { field: `${field}.space`, reason: 'TWO_SPACES' },
    );
  if (embedding.mean.length !== dimension)
    throw new AffinisError(
      'invalid-argument',
      `[core] ${field} has ${embedding.mean.length} dimensions where its space has ${dimension}; send the bytes as they were received`,
      { field: `${field}.mean`, reason: 'BAD_EMBEDDING' },
    );
  // The space says whether its vectors have norm 1; a client may have left the flag out.
  const checked = { ...embedding, unitNorm: unitNorm || embedding.unitNorm };
  checkEmbedding(checked, field);
  return checked;
}
