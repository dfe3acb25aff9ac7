import type { CalibratedScore, Decision, Policy, Threshold, Verification } from '@affinis/core';
import * as pb from './generated/affinis/v1/similarity.ts';

/** What was decided, by what, and what the score means: the part of an answer between score and timings. */
export type Judgement = Pick<Verification, 'threshold' | 'decision' | 'reason' | 'policy' | 'calibrated'>;

export function judgementToProto({ threshold, decision, reason, policy, calibrated }: Judgement) {
  return {
    threshold: threshold?.value,
    thresholdSource: thresholdSourceToProto(threshold),
    decision: decisions[decision],
    reason: reason ?? '',
    policy: policyToProto(policy),
    calibrated,
  };
}

export function judgementFromProto(message: pb.Comparison | undefined): Judgement {
  const source = message?.thresholdSource ?? pb.ThresholdSource.UNSPECIFIED;
  const policy = policyFromProto(message?.policy, source);
  return {
    ...thresholdFromProto(message?.threshold, source),
    decision: decisionFromProto(message?.decision),
    ...(message?.reason ? { reason: message.reason } : {}),
    ...(policy ? { policy } : {}),
    ...(message?.calibrated ? { calibrated: message.calibrated satisfies CalibratedScore } : {}),
  };
}

export function policyToProto(policy: Policy | undefined): pb.Policy | undefined {
  switch (policy?.kind) {
    case 'fmr':
      return { policy: { $case: 'fmr', value: { fmr: policy.fmr } } };
    case 'cost': {
      const { miss, falseMatch, prior } = policy;
      return { policy: { $case: 'cost', value: { miss, falseMatch, prior } } };
    }
    case 'threshold':
      return { policy: { $case: 'threshold', value: {} } };
    default:
      return undefined;
  }
}

export function policyFromProto(message: pb.Policy | undefined, source: pb.ThresholdSource): Policy | undefined {
  const policy = message?.policy;
  switch (policy?.$case) {
    case 'fmr':
      return { kind: 'fmr', fmr: policy.value.fmr };
    case 'cost':
      return { kind: 'cost', ...policy.value };
    case 'threshold':
      return { kind: 'threshold', source: source === pb.ThresholdSource.CONFIG ? 'config' : 'model-card' };
    default:
      return undefined;
  }
}

export const thresholdSourceToProto = (threshold: Threshold | undefined): pb.ThresholdSource =>
  threshold ? sources[threshold.source] : pb.ThresholdSource.UNSPECIFIED;

/** An object with `threshold`, or an empty one where there is none. */
export function thresholdFromProto(value: number | undefined, source: pb.ThresholdSource): { threshold?: Threshold } {
  if (value === undefined) return {};
  const known = Object.entries(sources).find(([, number]) => number === source);
  return { threshold: { value, source: (known?.[0] as Threshold['source'] | undefined) ?? 'model-card' } };
}

const sources: Readonly<Record<Threshold['source'], pb.ThresholdSource>> = {
  'model-card': pb.ThresholdSource.MODEL_CARD,
  config: pb.ThresholdSource.CONFIG,
  calibration: pb.ThresholdSource.CALIBRATION,
};

const decisions: Readonly<Record<Decision, pb.Decision>> = {
  match: pb.Decision.MATCH,
  no_match: pb.Decision.NO_MATCH,
  insufficient: pb.Decision.INSUFFICIENT,
  undecided: pb.Decision.UNDECIDED,
};

export const decisionToProto = (decision: Decision): pb.Decision => decisions[decision];

/** A decision that this version does not know is none. */
export function decisionFromProto(decision: pb.Decision | undefined): Decision {
  const known = Object.entries(decisions).find(([, value]) => value === decision);
  return (known?.[0] as Decision | undefined) ?? 'undecided';
}
