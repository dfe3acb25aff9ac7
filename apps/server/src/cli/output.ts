import type { VerifyAnswer } from '@affinis/contracts';
import type { ModelIdentity, PhaseTimings } from '@affinis/core';

/** The fields of `verify --json`; names and meanings are stable. */
export function verificationJson({ pipeline, score, threshold, decision, timings }: VerifyAnswer) {
  return {
    pipeline: pipeline.pipeline,
    model: modelName(pipeline.model),
    metric: pipeline.metric.name,
    polarity: pipeline.metric.polarity,
    score,
    threshold: threshold?.value ?? null,
    thresholdSource: threshold?.source ?? null,
    decision,
    timingsMs: timingsJson(timings),
  };
}

/** One line for people: decision, score and what decided. */
export function verificationLine({ pipeline, score, threshold, decision }: VerifyAnswer): string {
  const sign = pipeline.metric.polarity === 'similarity' ? '>=' : '<=';
  const by = threshold
    ? `match when ${sign} ${threshold.value}, from the ${threshold.source === 'config' ? 'configuration' : "model's card"}`
    : 'no threshold to decide by';
  return `${decision.replace('_', ' ')}  ${pipeline.metric.name} ${score.toFixed(4)} (${by})  ${pipeline.pipeline}, ${modelName(pipeline.model)}`;
}

export const modelName = ({ name, version }: ModelIdentity) => `${name}@${version}`;

export function timingsJson({ queueMs, decodeMs, prepareMs, inferenceMs, scoreMs }: PhaseTimings) {
  return {
    queue: round(queueMs),
    decode: round(decodeMs),
    prepare: round(prepareMs),
    inference: round(inferenceMs),
    score: round(scoreMs),
  };
}

const round = (ms: number) => Math.round(ms * 1000) / 1000;
