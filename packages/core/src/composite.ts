import { defaultFmr, type Judge, type Policy, type PolicySetting } from './calibration/policy.ts';
import { AffinisError } from './errors.ts';
import type { CompositePart, CompositePipeline, SinglePipeline } from './pipeline.ts';
import { scoreSides } from './score-sides.ts';
import type { Sides } from './sides.ts';
import type { Comparison, PhaseTimings, Verification } from './verification.ts';

/** Embeds an item's sides, or those of its samples that `keep` takes, at most once per embedder. */
export type SidesCache = (pipeline: SinglePipeline, keep?: CompositePart['accepts']) => Promise<Sides>;

/**
 * Sums the log-likelihood ratios of the modalities that both sides have; one that is missing adds no evidence and does
 * nothing else. Parts that are too uncertain are left out in the same way; where none is left the answer is
 * `insufficient`. Assumes that modalities err independently.
 */
export async function verifyComposite(
  pipeline: CompositePipeline,
  item: Comparison,
  sides: SidesCache,
  signal?: AbortSignal,
): Promise<Verification> {
  const present = pipeline.parts.filter(({ accepts }) => item.left.some(accepts) && item.right.some(accepts));
  if (present.length === 0)
    throw new AffinisError(
      'invalid-argument',
      `[core] the sides share no modality; send ${pipeline.parts.map(({ modality }) => modality).join(' or ')} on both`,
      { field: 'left.samples', reason: 'NO_COMMON_MODALITY' },
    );
  const verifications = await Promise.all(
    present.map(async (part) => scoreSides(part.pipeline, await sides(part.pipeline, part.accepts), signal)),
  );
  const usable = verifications.filter(({ decision }) => decision !== 'insufficient');
  const llr = usable.reduce((sum, { calibrated }) => sum + (calibrated?.llr ?? 0), 0);
  const { decision, policy, threshold, calibrated } = pipeline.judge(llr);
  const reason = usable.length === 0 ? verifications[0]?.reason : undefined;
  return {
    score: llr,
    ...(threshold === undefined ? {} : { threshold: { value: threshold, source: 'calibration' } }),
    decision: reason === undefined ? decision : 'insufficient',
    ...(reason === undefined ? {} : { reason }),
    ...(policy ? { policy } : {}),
    ...(calibrated ? { calibrated } : {}),
    timings: total(verifications.map(({ timings }) => timings)),
    left: verifications.flatMap(({ left }) => left),
    right: verifications.flatMap(({ right }) => right),
  };
}

/** What a policy asks of a summed ratio when it names a false match rate and no calibration of the sum exists. */
export function createCompositeJudge(setting: PolicySetting | undefined, prior: number): Judge {
  const fmr = setting && 'fmr' in setting ? setting.fmr : defaultFmr;
  const policy: Policy = setting && 'cost' in setting ? { kind: 'cost', ...setting.cost } : { kind: 'fmr', fmr };
  const threshold =
    policy.kind === 'cost'
      ? Math.log((policy.falseMatch * (1 - policy.prior)) / (policy.miss * policy.prior))
      : -Math.log(policy.fmr);
  return (llr) => {
    // Of impostors at most the share e^-llr reaches a calibrated ratio of llr (Markov's inequality).
    const bound = Math.min(1, Math.exp(-llr));
    const probability = 1 / (1 + Math.exp(-llr - Math.log(prior / (1 - prior))));
    const calibrated = { llr, probability, prior, fmr: bound, fmrUpper: bound, calibration: '' };
    return { decision: llr >= threshold ? 'match' : 'no_match', policy, threshold, calibrated };
  };
}

function total(timings: readonly PhaseTimings[]): PhaseTimings {
  const sum = (pick: (timing: PhaseTimings) => number) => timings.reduce((all, timing) => all + pick(timing), 0);
  return {
    queueMs: Math.max(0, ...timings.map(({ queueMs }) => queueMs)),
    decodeMs: sum(({ decodeMs }) => decodeMs),
    prepareMs: sum(({ prepareMs }) => prepareMs),
    inferenceMs: sum(({ inferenceMs }) => inferenceMs),
    scoreMs: sum(({ scoreMs }) => scoreMs),
  };
}
