import { checkComparable, scorePair, scorePairOf } from './blocks.ts';
import type { Embedding } from './embedding.ts';
import { AffinisError } from './errors.ts';
import { fuse } from './fusion.ts';
import type { SinglePipeline } from './pipeline.ts';
import type { Side, Sides } from './sides.ts';
import type { PhaseTimings, Threshold, Verification } from './verification.ts';

/** Fuses, scores and judges two embedded sides. */
export async function scoreSides(
  pipeline: SinglePipeline,
  { left, right }: Sides,
  signal?: AbortSignal,
): Promise<Verification> {
  const { metric } = pipeline;
  const started = performance.now();
  const l = fuseSide(pipeline, left, 'left');
  const r = fuseSide(pipeline, right, 'right');
  checkComparable(metric, l, r);
  const score = metric.remote ? await scorePairOf(metric, l, r, signal) : scorePair(metric, l, r);
  const assessed = assess(pipeline, score, logVariance(l.variance), logVariance(r.variance));
  const timings = timingsOf([...left.timings, ...right.timings], performance.now() - started);
  return {
    score,
    ...assessed,
    timings,
    left: left.infos,
    right: right.infos,
  };
}

/** What a score means and what follows from it; `left` and `right` are the logarithms of the sides' mean variances. */
export function assess(
  pipeline: SinglePipeline,
  score: number,
  left: number | undefined,
  right: number | undefined,
): Pick<Verification, 'threshold' | 'decision' | 'reason' | 'policy' | 'calibrated'> {
  const { threshold, decision, policy, calibrated } = pipeline.judge(score, left, right);
  const insufficient = tooUncertain(pipeline, left, right);
  return {
    ...(threshold === undefined || !policy ? {} : { threshold: { value: threshold, source: sourceOf(policy) } }),
    decision: insufficient === undefined ? decision : 'insufficient',
    ...(insufficient === undefined ? {} : { reason: insufficient }),
    ...(policy ? { policy } : {}),
    ...(calibrated ? { calibrated } : {}),
  };
}

function fuseSide({ fusion }: SinglePipeline, { embeddings }: Side, name: 'left' | 'right'): Embedding {
  try {
    return fuse(embeddings, fusion);
  } catch (thrown) {
    throw AffinisError.from(thrown).at(name);
  }
}

export function timingsOf(timings: Side['timings'], scoreMs: number): PhaseTimings {
  const sum = (pick: (timing: Side['timings'][number]) => number) =>
    timings.reduce((total, timing) => total + pick(timing), 0);
  return {
    queueMs: Math.max(0, ...timings.map((timing) => timing.queueMs)),
    decodeMs: sum((timing) => timing.decodeMs),
    prepareMs: sum((timing) => timing.prepareMs),
    inferenceMs: sum((timing) => timing.inferenceMs),
    scoreMs,
  };
}

const sourceOf = (policy: NonNullable<Verification['policy']>): Threshold['source'] =>
  policy.kind === 'threshold' ? policy.source : 'calibration';

/** Logarithm of the mean variance per dimension; undefined where there is none. */
export function logVariance(variance: Embedding['variance']): number | undefined {
  if (!variance) return undefined;
  let sum = 0;
  for (const value of variance.values) sum += value;
  return Math.log(sum / variance.values.length);
}

function tooUncertain(
  { maxVariance }: SinglePipeline,
  left: number | undefined,
  right: number | undefined,
): string | undefined {
  if (maxVariance === undefined) return undefined;
  const sides = [
    ['left', left],
    ['right', right],
  ] as const;
  const side = sides.find(([, logarithm]) => Math.exp(logarithm ?? 0) > maxVariance);
  return side && `${side[0]} sample too uncertain: capture again`;
}
