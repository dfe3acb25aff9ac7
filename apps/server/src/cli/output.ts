import type { VerifyAnswer } from '@affinis/contracts';
import type { ModelIdentity, PhaseTimings } from '@affinis/core';

/** The fields of `verify --json`; names and meanings are stable. */
export function verificationJson(answer: VerifyAnswer) {
  const { pipeline, score, threshold, decision, reason, policy, calibrated, timings } = answer;
  return {
    pipeline: pipeline.pipeline,
    model: modelName(pipeline.model),
    metric: pipeline.metric.name,
    polarity: pipeline.metric.polarity,
    score,
    threshold: threshold?.value ?? null,
    thresholdSource: threshold?.source ?? null,
    decision,
    reason: reason ?? null,
    policy: policy ?? null,
    llr: calibrated?.llr ?? null,
    probability: calibrated?.probability ?? null,
    prior: calibrated?.prior ?? null,
    fmr: calibrated?.fmr ?? null,
    fmrUpper: calibrated?.fmrUpper ?? null,
    calibration: calibrated?.calibration ?? null,
    timingsMs: timingsJson(timings),
  };
}

/** One line for people: decision, score, what it means and what decided. */
export function verificationLine(answer: VerifyAnswer): string {
  const { pipeline, score, decision, reason, calibrated } = answer;
  const meaning = calibrated ? `, LLR ${calibrated.llr.toFixed(2)}, FMR ${rate(calibrated.fmr)}` : '';
  const outcome = reason === undefined ? decision.replace('_', ' ') : `${decision}: ${reason}`;
  return `${outcome}  ${pipeline.metric.name} ${score.toFixed(4)}${meaning} (${criterionOf(answer)})  ${pipeline.pipeline}, ${modelName(pipeline.model)}`;
}

function criterionOf({ pipeline, threshold, policy }: VerifyAnswer): string {
  const sign = pipeline.metric.polarity === 'similarity' ? '>=' : '<=';
  const at = threshold ? ` when ${sign} ${Number(threshold.value.toPrecision(4))}` : '';
  switch (policy?.kind) {
    case 'fmr':
      return `match${at}, by policy fmr ${rate(policy.fmr)}`;
    case 'cost':
      return `match${at}, by costs ${policy.miss} : ${policy.falseMatch} at prior ${policy.prior}`;
    case 'threshold':
      return `match${at}, from the ${policy.source === 'config' ? 'configuration' : "model's card"}`;
    default:
      return 'nothing to decide by';
  }
}

const rate = (value: number) => (value >= 0.01 ? value.toFixed(3) : value.toExponential(1));

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
