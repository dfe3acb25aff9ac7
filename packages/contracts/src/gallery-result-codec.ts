import type {
  Classification,
  Enrolled,
  Identification,
  IdentifyDecision,
  IdentityCandidate,
  Result,
  SearchFacts,
  TemplateView,
} from '@affinis/core';
import {
  decisionFromProto,
  decisionToProto,
  policyFromProto,
  policyToProto,
  thresholdFromProto,
  thresholdSourceToProto,
} from './decision-codec.ts';
import { statusOf } from './errors.ts';
import { templateFromProto, templateToProto } from './gallery-codec.ts';
import * as pb from './generated/affinis/v1/gallery.ts';
import type { PipelineIdentity } from './identity.ts';
import { pipelineFromProto, pipelineToProto } from './identity-codec.ts';
import { type ItemPlace, resultOf } from './result-codec.ts';
import { sampleInfoFromProto, sampleInfoToProto } from './sample-info-codec.ts';
import { timingsFromProto, timingsToProto } from './timings-codec.ts';

/** An identification, and who gave it. */
export interface IdentifyAnswer extends Identification {
  readonly pipeline: PipelineIdentity;
}

export interface ClassifyAnswer extends Classification {
  readonly pipeline: PipelineIdentity;
}

export function enrollResultToProto({ id, field }: ItemPlace, result: Result<Enrolled>): pb.EnrollResult {
  if (!result.ok) return pb.EnrollResult.create({ id, status: statusOf(result.error.at(field)) });
  const { template, created, infos, timings } = result.value;
  return {
    id,
    status: undefined,
    template: templateToProto(template),
    created,
    info: { samples: infos.map(sampleInfoToProto) },
    timings: timingsToProto(timings),
  };
}

export const enrollResultFromProto = (message: pb.EnrollResult): Result<Enrolled> =>
  resultOf(message.status, () => ({
    template: templateFromProto(message.template),
    created: message.created,
    infos: (message.info?.samples ?? []).map(sampleInfoFromProto),
    timings: timingsFromProto(message.timings),
  }));

export function identifyResultToProto(
  { id, field }: ItemPlace,
  result: Result<Identification>,
  pipeline: PipelineIdentity,
): pb.IdentifyResult {
  if (!result.ok) return pb.IdentifyResult.create({ id, status: statusOf(result.error.at(field)) });
  const { decision, templateId = '', reason = '', candidates, policy, threshold } = result.value;
  return {
    id,
    status: undefined,
    decision: decisions[decision],
    templateId,
    reason,
    candidates: candidates.map(candidateToProto),
    ...factsToProto(result.value, pipeline),
    policy: policyToProto(policy),
    threshold: threshold?.value,
    thresholdSource: thresholdSourceToProto(threshold),
  };
}

export const identifyResultFromProto = (message: pb.IdentifyResult): Result<IdentifyAnswer> =>
  resultOf(message.status, () => {
    const policy = policyFromProto(message.policy, message.thresholdSource);
    return {
      ...decisionFieldsOf(message),
      ...(message.templateId === '' ? {} : { templateId: message.templateId }),
      candidates: message.candidates.map(candidateFromProto),
      ...(policy ? { policy } : {}),
      ...thresholdFromProto(message.threshold, message.thresholdSource),
      ...factsFromProto(message),
    };
  });

export function classifyResultToProto(
  { id, field }: ItemPlace,
  result: Result<Classification>,
  pipeline: PipelineIdentity,
): pb.ClassifyResult {
  if (!result.ok) return pb.ClassifyResult.create({ id, status: statusOf(result.error.at(field)) });
  const { decision, label = '', reason = '', votes } = result.value;
  return {
    id,
    status: undefined,
    decision: decisions[decision],
    label,
    reason,
    votes: votes.map(({ best, ...vote }) => ({ ...vote, best: candidateToProto(best) })),
    ...factsToProto(result.value, pipeline),
  };
}

export const classifyResultFromProto = (message: pb.ClassifyResult): Result<ClassifyAnswer> =>
  resultOf(message.status, () => ({
    ...decisionFieldsOf(message),
    ...(message.label === '' ? {} : { label: message.label }),
    votes: message.votes.map(({ best, ...vote }) => ({
      ...vote,
      best: candidateFromProto(best ?? pb.Candidate.create()),
    })),
    ...factsFromProto(message),
  }));

/** The outcome for one id; without a template where it was deleted. */
export const templateResultToProto = (
  { id, field }: ItemPlace,
  result: Result<TemplateView | undefined>,
): pb.TemplateResult => ({
  id,
  status: result.ok ? undefined : statusOf(result.error.at(field)),
  template: result.ok && result.value ? templateToProto(result.value) : undefined,
});

export const templateResultFromProto = (message: pb.TemplateResult): Result<TemplateView> =>
  resultOf(message.status, () => templateFromProto(message.template));

export const deletionFromProto = (message: pb.TemplateResult): Result<void> =>
  resultOf(message.status, () => undefined);

function candidateToProto(candidate: IdentityCandidate): pb.Candidate {
  const { templateId, score, decision, calibrated, searchFmr, metadata = {} } = candidate;
  return { templateId, score, decision: decisionToProto(decision), calibrated, searchFmr, metadata: { ...metadata } };
}

function candidateFromProto(message: pb.Candidate): IdentityCandidate {
  const { templateId, score = Number.NaN, decision, calibrated, searchFmr, metadata } = message;
  return {
    templateId,
    score,
    decision: decisionFromProto(decision),
    ...(calibrated ? { calibrated } : {}),
    ...(searchFmr === undefined ? {} : { searchFmr }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}

const factsToProto = ({ searched, infos, timings }: SearchFacts, pipeline: PipelineIdentity) => ({
  searched: BigInt(searched),
  pipeline: pipelineToProto(pipeline),
  info: { samples: infos.map(sampleInfoToProto) },
  timings: timingsToProto(timings),
});

const factsFromProto = ({ searched, pipeline, info, timings }: pb.IdentifyResult | pb.ClassifyResult) => ({
  searched: Number(searched),
  pipeline: pipelineFromProto(pipeline),
  infos: (info?.samples ?? []).map(sampleInfoFromProto),
  timings: timingsFromProto(timings),
});

const decisions: Readonly<Record<IdentifyDecision, pb.IdentifyDecision>> = {
  match: pb.IdentifyDecision.MATCH,
  unknown: pb.IdentifyDecision.UNKNOWN,
  insufficient: pb.IdentifyDecision.INSUFFICIENT,
  undecided: pb.IdentifyDecision.UNDECIDED,
};

function decisionFieldsOf({ decision, reason }: pb.IdentifyResult | pb.ClassifyResult) {
  const known = Object.entries(decisions).find(([, value]) => value === decision);
  return {
    decision: (known?.[0] as IdentifyDecision | undefined) ?? 'undecided',
    ...(reason === '' ? {} : { reason }),
  };
}
