import { checkComparable, scorePair } from './blocks.ts';
import type { Embedding } from './embedding.ts';
import type { SinglePipeline } from './pipeline.ts';
import type { Side, Sides } from './sides.ts';
import type { PhaseTimings, Threshold, Verification } from './verification.ts';

/** Scores and judges two embedded sides. */
export function scoreSides(pipeline: SinglePipeline, { left, right }: Sides): Verification {
  const { metric, judge } = pipeline;
  const started = performance.now();
  checkComparable(metric, left.embedding, right.embedding);
  const score = scorePair(metric, left.embedding, right.embedding);
  const { threshold, decision, policy, calibrated } = judge(
    score,
    logVariance(left.embedding),
    logVariance(right.embedding),
  );
  const insufficient = tooUncertain(pipeline, { left, right });
  const timings = timingsOf([...left.timings, ...right.timings], performance.now() - started);
  return {
    score,
    ...(threshold === undefined || !policy ? {} : { threshold: { value: threshold, source: sourceOf(policy) } }),
    decision: insufficient === undefined ? decision : 'insufficient',
    ...(insufficient === undefined ? {} : { reason: insufficient }),
    ...(policy ? { policy } : {}),
    ...(calibrated ? { calibrated } : {}),
    timings,
    left: left.infos,
    right: right.infos,
  };
}

function timingsOf(timings: Side['timings'], scoreMs: number): PhaseTimings {
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

/** Logarithm of the mean variance per dimension; undefined where the embedding has none. */
function logVariance({ variance }: Embedding): number | undefined {
  if (!variance) return undefined;
  let sum = 0;
  for (const value of variance.values) sum += value;
  return Math.log(sum / variance.values.length);
}

function tooUncertain({ maxVariance }: SinglePipeline, { left, right }: Sides): string | undefined {
  if (maxVariance === undefined) return undefined;
  const sides = [
    ['left', left],
    ['right', right],
  ] as const;
  const side = sides.find(([, { embedding }]) => Math.exp(logVariance(embedding) ?? 0) > maxVariance);
  return side && `${side[0]} sample too uncertain: capture again`;
}
