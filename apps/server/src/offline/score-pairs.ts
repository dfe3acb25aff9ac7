import {
  AffinisError,
  checkComparable,
  type Embedding,
  type EmbeddingBlock,
  type FusionKind,
  failure,
  fuse,
  type Metric,
  type MetricTraits,
  packBlock,
  type RemoteMetric,
  type Result,
  type SinglePipeline,
  success,
} from '@affinis/core';
import type { Trials } from '@affinis/evaluation';
import type { Dataset } from './dataset.ts';

/** Scores of a data set's pairs by one pipeline; pairs of which a side failed are left out. */
export interface ScoredPairs {
  /** Positions of the pairs that were scored. */
  readonly rows: Int32Array;
  /** The metric's own scores, in the order of `rows`. */
  readonly scores: Float64Array;
  /** Logarithm of each side's mean variance; NaN where the embedder gives none. */
  readonly leftUncertainty: Float64Array;
  readonly rightUncertainty: Float64Array;
  /** Samples that failed, and how often for which reason. */
  readonly failures: ReadonlyMap<string, number>;
  /** By side, why a sample of it failed in one word; empty where none did. */
  readonly reasons: readonly string[];
  readonly failedSamples: number;
}

/** Throws what the metric throws: a score that is not finite is refused, naming the pair; and where no pair has one. */
export async function scorePairs(
  { metric, fusion }: SinglePipeline,
  dataset: Dataset,
  embeddings: readonly Result<Embedding>[],
): Promise<ScoredPairs> {
  const fused = dataset.sides.map((members) =>
    fuseSide(
      members.map((sample) => embeddings[sample] ?? failure(undefined)),
      fusion,
    ),
  );
  const sides = fused.map((side) => (side.ok ? side.value : undefined));
  const uncertainty = sides.map((side) => (side ? logVariance(side) : Number.NaN));
  const rows: number[] = [];
  for (const [row, left] of dataset.left.entries())
    if (sides[left] && sides[dataset.right[row] as number]) rows.push(row);
  const pairs = rows.map(
    (row): Pair => ({
      row,
      left: sides[dataset.left[row] as number] as Embedding,
      right: sides[dataset.right[row] as number] as Embedding,
    }),
  );
  const [one] = pairs;
  if (one) checkComparable(metric, one.left, one.right);
  const scores = metric.remote ? await askScores(metric, pairs) : computeScores(metric, pairs);
  const failed = embeddings.map(reasonOf).filter((reason) => reason !== '');
  const failures = new Map<string, number>();
  for (const reason of failed) failures.set(reason, (failures.get(reason) ?? 0) + 1);
  const [first] = embeddings.flatMap((result) => (result.ok ? [] : [result.error]));
  if (rows.length === 0 && first)
    throw new AffinisError(
      'invalid-argument',
      `none of the ${dataset.left.length} pairs could be scored, ${failed.length} of ${embeddings.length} samples failed; the first: ${first.message}`,
      { ...(first.reason === undefined ? {} : { reason: first.reason }), cause: first },
    );
  return {
    rows: Int32Array.from(rows),
    scores,
    leftUncertainty: Float64Array.from(rows, (row) => uncertainty[dataset.left[row] as number] ?? Number.NaN),
    rightUncertainty: Float64Array.from(rows, (row) => uncertainty[dataset.right[row] as number] ?? Number.NaN),
    failures,
    reasons: fused.map(reasonOf),
    failedSamples: failed.length,
  };
}

interface Pair {
  readonly row: number;
  readonly left: Embedding;
  readonly right: Embedding;
}

/** A side is packed once, however many pairs it stands in. */
function computeScores(metric: Metric, pairs: readonly Pair[]): Float64Array {
  const blocks = new Map<Embedding, EmbeddingBlock>();
  const blockOf = (side: Embedding): EmbeddingBlock => {
    const block = blocks.get(side) ?? packBlock([side], { withVariance: metric.needsVariance });
    blocks.set(side, block);
    return block;
  };
  const score = new Float64Array(1);
  return Float64Array.from(pairs, ({ row, left, right }) => {
    metric.scoreBlock(blockOf(left), blockOf(right), score);
    return finite(metric, row, score[0] as number);
  });
}

/** Pairs on their way to another process at once. */
const pairsAtOnce = 1024;

async function askScores(metric: RemoteMetric, pairs: readonly Pair[]): Promise<Float64Array> {
  const scores = new Float64Array(pairs.length);
  for (let first = 0; first < pairs.length; first += pairsAtOnce) {
    const asked = pairs.slice(first, first + pairsAtOnce);
    const results = await Promise.all(asked.map(({ left, right }) => metric.remote.scorePair(left, right)));
    for (const [at, result] of results.entries()) {
      if (!result.ok) throw result.error;
      scores[first + at] = finite(metric, asked[at]?.row ?? 0, result.value);
    }
  }
  return scores;
}

function finite({ id }: MetricTraits, row: number, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new AffinisError(
    'invalid-argument',
    `pair ${row + 1}: metric "${id}" gives ${value}; a score that is not finite is never ranked`,
    { reason: 'NON_FINITE_SCORE' },
  );
}

/** The scored pairs as trials; distances are negated, so that higher is more alike. */
export function trialsOf({ metric }: SinglePipeline, dataset: Dataset, { rows, scores }: ScoredPairs): Trials {
  const at = (values: Int32Array) => rows.map((row) => values[row] as number);
  return {
    scores: metric.polarity === 'similarity' ? scores : scores.map((score) => -score),
    same: Uint8Array.from(rows, (row) => (dataset.labels[row] === 1 ? 1 : 0)),
    left: at(dataset.leftSubjects),
    right: at(dataset.rightSubjects),
  };
}

/** A side fails as its first sample that failed, or where its samples cannot be fused. */
function fuseSide(members: readonly Result<Embedding>[], fusion: FusionKind): Result<Embedding> {
  const failed = members.find((member) => !member.ok);
  if (failed) return failed;
  try {
    return success(
      fuse(
        members.flatMap((member) => (member.ok ? [member.value] : [])),
        fusion,
      ),
    );
  } catch (thrown) {
    return failure(thrown);
  }
}

const reasonOf = (result: Result<Embedding>): string => (result.ok ? '' : (result.error.reason ?? result.error.code));

function logVariance({ variance }: Embedding): number {
  if (!variance) return Number.NaN;
  return Math.log(variance.values.reduce((sum, value) => sum + value, 0) / variance.values.length);
}
