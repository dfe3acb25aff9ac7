import { checkComparable, scorePair } from './blocks.ts';
import type { EmbedderHost } from './embedder-host.ts';
import { checkEmbedding, type Embedding } from './embedding.ts';
import { AffinisError } from './errors.ts';
import { fuseMean } from './fusion.ts';
import type { Metric } from './metric.ts';
import { attempt, type Result } from './result.ts';
import type { Sample, SampleOrEmbedding } from './sample.ts';
import type { SampleInfo } from './sample-info.ts';

/** A named combination of embedder, metric and decision. */
export interface Pipeline {
  readonly name: string;
  readonly embedder: EmbedderHost;
  readonly metricName: string;
  readonly metric: Metric;
  readonly threshold?: Threshold;
}

export interface Threshold {
  /** Raw score; a similarity at or above it, or a distance at or below it, is a match. */
  readonly value: number;
  readonly source: 'model-card' | 'config';
}

/** Two sides, each of one or more samples or embeddings of one identity. */
export interface Comparison {
  readonly left: readonly SampleOrEmbedding[];
  readonly right: readonly SampleOrEmbedding[];
}

export interface Verification {
  readonly score: number;
  readonly threshold?: Threshold;
  /** `undecided` where the pipeline has no threshold. */
  readonly decision: 'match' | 'no_match' | 'undecided';
  readonly timings: PhaseTimings;
  readonly left: readonly (SampleInfo | undefined)[];
  readonly right: readonly (SampleInfo | undefined)[];
}

/** Milliseconds by phase, summed over an item's samples; `queueMs` is the longest wait among them. */
export interface PhaseTimings {
  readonly queueMs: number;
  readonly decodeMs: number;
  readonly prepareMs: number;
  readonly inferenceMs: number;
  readonly scoreMs: number;
}

/** Verifies a batch with one pipeline; a bad item fails alone, its error's field relative to the item. */
export async function verify(
  pipeline: Pipeline,
  items: readonly Comparison[],
  signal?: AbortSignal,
): Promise<readonly Result<Verification>[]> {
  return Promise.all(
    items.map((item) =>
      attempt(async () => {
        const sides = await embedSides(pipeline.embedder, item, signal);
        return scoreSides(pipeline, sides);
      }),
    ),
  );
}

/** Verifies a batch with several pipelines, embedding each item once per distinct embedder. */
export async function compare(
  pipelines: readonly Pipeline[],
  items: readonly Comparison[],
  signal?: AbortSignal,
): Promise<readonly (readonly Result<Verification>[])[]> {
  return Promise.all(
    items.map(async (item) => {
      const embedded = new Map<EmbedderHost, Promise<Result<Sides>>>();
      return Promise.all(
        pipelines.map(async (pipeline) => {
          const sides = embedded.get(pipeline.embedder) ?? attempt(() => embedSides(pipeline.embedder, item, signal));
          embedded.set(pipeline.embedder, sides);
          const outcome = await sides;
          return outcome.ok ? attempt(() => scoreSides(pipeline, outcome.value)) : outcome;
        }),
      );
    }),
  );
}

interface Side {
  readonly embedding: Embedding;
  readonly infos: readonly (SampleInfo | undefined)[];
  readonly timings: readonly Omit<PhaseTimings, 'scoreMs'>[];
}

interface Sides {
  readonly left: Side;
  readonly right: Side;
}

async function embedSides(
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

async function embedSide(
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
  return { embedding: fuseMean(embeddings), infos, timings };
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

function scoreSides({ metric, threshold }: Pipeline, { left, right }: Sides): Verification {
  const started = performance.now();
  checkComparable(metric, left.embedding, right.embedding);
  const score = scorePair(metric, left.embedding, right.embedding);
  const scoreMs = performance.now() - started;
  const timings = [...left.timings, ...right.timings];
  const sum = (pick: (timing: Side['timings'][number]) => number) =>
    timings.reduce((total, timing) => total + pick(timing), 0);
  return {
    score,
    ...(threshold ? { threshold } : {}),
    decision: decide(metric, score, threshold),
    timings: {
      queueMs: Math.max(0, ...timings.map((timing) => timing.queueMs)),
      decodeMs: sum((timing) => timing.decodeMs),
      prepareMs: sum((timing) => timing.prepareMs),
      inferenceMs: sum((timing) => timing.inferenceMs),
      scoreMs,
    },
    left: left.infos,
    right: right.infos,
  };
}

function decide(metric: Metric, score: number, threshold: Threshold | undefined): Verification['decision'] {
  if (!threshold) return 'undecided';
  const alike = metric.polarity === 'similarity' ? score >= threshold.value : score <= threshold.value;
  return alike ? 'match' : 'no_match';
}
