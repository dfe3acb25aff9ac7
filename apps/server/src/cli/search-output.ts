import type { ClassifyAnswer, IdentifyAnswer } from '@affinis/contracts';
import type { IdentifyDecision, IdentityCandidate } from '@affinis/core';
import { modelName, timingsJson } from './output.ts';

export const exitCodeOfSearch: Readonly<Record<IdentifyDecision, number>> = {
  match: 0,
  unknown: 1,
  insufficient: 4,
  undecided: 4,
};

/** The fields of `identify --json`; names and meanings are stable. */
export const identificationJson = (input: string, answer: IdentifyAnswer) => ({
  input,
  decision: answer.decision,
  templateId: answer.templateId ?? null,
  reason: answer.reason ?? null,
  candidates: answer.candidates.map(candidateJson),
  ...factsJson(answer),
  policy: answer.policy ?? null,
  threshold: answer.threshold?.value ?? null,
});

export const classificationJson = (input: string, answer: ClassifyAnswer) => ({
  input,
  decision: answer.decision,
  label: answer.label ?? null,
  reason: answer.reason ?? null,
  votes: answer.votes.map(({ label, votes, best }) => ({ label, votes, best: candidateJson(best) })),
  ...factsJson(answer),
});

/** One line for people: who it is, how sure that is, among how many. */
export function identificationLine(input: string, answer: IdentifyAnswer): string {
  const [best] = answer.candidates;
  const outcome =
    answer.decision === 'match' ? (answer.templateId ?? '') : `${answer.decision}${because(answer.reason)}`;
  const nearest = best && answer.decision !== 'match' ? `, nearest ${best.templateId}` : '';
  return `${input}: ${outcome}${nearest}  ${best ? candidateText(answer, best) : ''}of ${answer.searched}`;
}

export function classificationLine(input: string, answer: ClassifyAnswer): string {
  const outcome = answer.label ?? `${answer.decision}${because(answer.reason)}`;
  const votes = answer.votes.map(({ label, votes: count }) => `${label} ${count}`).join(', ');
  return `${input}: ${outcome}  votes: ${votes === '' ? 'none' : votes}, of ${answer.searched}`;
}

const because = (reason: string | undefined) => (reason === undefined ? '' : `: ${reason}`);

function candidateText({ pipeline }: IdentifyAnswer, { score, calibrated, searchFmr }: IdentityCandidate): string {
  const meaning = calibrated
    ? `LLR ${calibrated.llr.toFixed(2)}, FMR ${calibrated.fmr.toExponential(1)}, at most ${(searchFmr ?? 1).toExponential(1)} a search, `
    : '';
  return `${pipeline.metric.name} ${score.toFixed(4)}, ${meaning}`;
}

function candidateJson({ templateId, score, decision, calibrated, searchFmr, metadata }: IdentityCandidate) {
  return {
    templateId,
    score,
    decision,
    llr: calibrated?.llr ?? null,
    probability: calibrated?.probability ?? null,
    fmr: calibrated?.fmr ?? null,
    searchFmr: searchFmr ?? null,
    ...(metadata ? { metadata } : {}),
  };
}

const factsJson = ({ searched, pipeline, timings }: IdentifyAnswer | ClassifyAnswer) => ({
  searched,
  pipeline: pipeline.pipeline,
  model: modelName(pipeline.model),
  metric: pipeline.metric.name,
  polarity: pipeline.metric.polarity,
  timingsMs: timingsJson(timings),
});
