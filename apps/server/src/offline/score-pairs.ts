import {
  AffinisError,
  checkComparable,
  type Embedding,
  type FusionKind,
  failure,
  fuse,
  packBlock,
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
export function scorePairs(
  { metric, fusion }: SinglePipeline,
  dataset: Dataset,
  embeddings: readonly Result<Embedding>[],
): ScoredPairs {
  const rows: number[] = [];
  const scores: number[] = [];
  const score = new Float64Array(1);
  const options = { withVariance: metric.needsVariance };
  const fused = dataset.sides.map((members) =>
    fuseSide(
      members.map((sample) => embeddings[sample] ?? failure(undefined)),
      fusion,
    ),
  );
  const sides = fused.map((side) => (side.ok ? side.value : undefined));
  const blocks = sides.map((side) => side && packBlock([side], options));
  const uncertainty = sides.map((side) => (side ? logVariance(side) : Number.NaN));
  let checked = false;
  for (const [row, left] of dataset.left.entries()) {
    const right = dataset.right[row] as number;
    const [a, b] = [blocks[left], blocks[right]];
    if (!a || !b) continue;
    const [l, r] = [sides[left], sides[right]];
    if (!checked && l && r) checkComparable(metric, l, r);
    checked = true;
    metric.scoreBlock(a, b, score);
    const value = score[0] as number;
    if (!Number.isFinite(value))
      throw new AffinisError(
        'invalid-argument',
        `pair ${row + 1}: metric "${metric.id}" gives ${value}; a score that is not finite is never ranked`,
        { reason: 'NON_FINITE_SCORE' },
      );
    rows.push(row);
    scores.push(value);
  }
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
    scores: Float64Array.from(scores),
    leftUncertainty: Float64Array.from(rows, (row) => uncertainty[dataset.left[row] as number] ?? Number.NaN),
    rightUncertainty: Float64Array.from(rows, (row) => uncertainty[dataset.right[row] as number] ?? Number.NaN),
    failures,
    reasons: fused.map(reasonOf),
    failedSamples: failed.length,
  };
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
