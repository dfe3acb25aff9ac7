import { z } from 'zod';
import { AffinisError } from '../errors.ts';
import type { MetricTraits } from '../metric.ts';
import { type Calibration, fmrAt, llrAtFmr, llrOf, neededSubjectPairs } from './calibration.ts';

const openUnit = z.number().gt(0).lt(1);

const fmrSetting = z.strictObject({
  fmr: openUnit.describe('Highest share of impostors that may match, such as 1e-3'),
});
const costSetting = z.strictObject({
  cost: z
    .strictObject({ miss: z.number().positive(), falseMatch: z.number().positive(), prior: openUnit })
    .describe('Costs of the two errors, and how probable a genuine pair is beforehand'),
});

/** When two sides count as a match. `fmr` and `cost` need a calibration and mean the same for every metric. */
export const policySchema = z.union(
  [
    fmrSetting,
    costSetting,
    z.strictObject({ threshold: z.number().describe('Raw score that decides, in the unit of the metric') }),
  ],
  'one of: { fmr: 1e-3 }, { cost: { miss: 1, falseMatch: 100, prior: 0.01 } }, { threshold: 0.9 }',
);

export type PolicySetting = z.infer<typeof policySchema>;

/** What decided, as an answer tells it. */
export type Policy =
  | { readonly kind: 'fmr'; readonly fmr: number }
  | { readonly kind: 'cost'; readonly miss: number; readonly falseMatch: number; readonly prior: number }
  | { readonly kind: 'threshold'; readonly source: 'model-card' | 'config' };

export type Decision = 'match' | 'no_match' | 'insufficient' | 'undecided';

/** What a score means and what follows from it. */
export interface Assessment {
  readonly decision: Decision;
  /** Absent: nothing to decide by. */
  readonly policy?: Policy;
  /** Raw score at which the policy decides; absent where the decision also depends on the samples' uncertainty. */
  readonly threshold?: number;
  readonly calibrated?: CalibratedScore;
}

export interface CalibratedScore {
  /** Log-likelihood ratio, nats: above 0 speaks for one identity. */
  readonly llr: number;
  /** Probability of one identity when it is `prior` beforehand. */
  readonly probability: number;
  readonly prior: number;
  /** Share of impostors with a score at or above this one, and its 95 % upper bound. */
  readonly fmr: number;
  readonly fmrUpper: number;
  /** First 16 hexadecimal digits of the calibration's sha256. */
  readonly calibration: string;
}

/** Judges scores of one pipeline. `left` and `right` are the logarithms of the sides' mean variances. */
export type Judge = (score: number, left?: number, right?: number) => Assessment;

export interface JudgeParts {
  readonly metric: MetricTraits;
  /** Absent: by `fmr: 1e-3` where the calibration supports it, else by the model card. */
  readonly setting?: PolicySetting | undefined;
  /** The model card's threshold for the metric. */
  readonly cardThreshold?: number | undefined;
  readonly calibration?: { readonly digest: string; readonly values: Calibration } | undefined;
  /** Probability of a genuine pair beforehand, for the `probability` of an answer. */
  readonly prior: number;
}

/** Of pipelines whose configuration names no policy, where their calibration supports it. */
export const defaultFmr = 1e-3;

/** Throws `failed-precondition` where the policy needs a calibration that is missing or that cannot support it. */
export function createJudge(parts: JudgeParts): Judge {
  const { metric, calibration } = parts;
  const { policy, llr, raw } = criterion(parts);
  const alike = (score: number, threshold: number) =>
    metric.polarity === 'similarity' ? score >= threshold : score <= threshold;
  return (score, left, right) => {
    const calibrated = calibration && explain(calibration, parts, score, left, right);
    const matches =
      llr !== undefined && calibrated ? calibrated.llr >= llr : raw !== undefined ? alike(score, raw) : undefined;
    return {
      decision: matches === undefined ? 'undecided' : matches ? 'match' : 'no_match',
      ...(policy ? { policy } : {}),
      ...(raw === undefined ? {} : { threshold: raw }),
      ...(calibrated ? { calibrated } : {}),
    };
  };
}

interface Criterion {
  readonly policy?: Policy;
  /** The ratio that decides, in calibrated policies. */
  readonly llr?: number;
  /** The raw score that decides. */
  readonly raw?: number;
}

function criterion({ setting, cardThreshold, calibration }: JudgeParts): Criterion {
  if (setting && 'threshold' in setting)
    return { policy: { kind: 'threshold', source: 'config' }, raw: setting.threshold };
  if (setting && !calibration)
    throw refused(
      'needs a calibration of this embedder and metric and there is none; run affinis calibrate, or set policy: { threshold: … }',
      'NO_CALIBRATION',
    );
  if (!calibration)
    return cardThreshold === undefined
      ? {}
      : { policy: { kind: 'threshold', source: 'model-card' }, raw: cardThreshold };

  if (setting && 'cost' in setting) {
    const { miss, falseMatch, prior } = setting.cost;
    return byLlr(
      calibration.values,
      { kind: 'cost', miss, falseMatch, prior },
      Math.log((falseMatch * (1 - prior)) / (miss * prior)),
    );
  }
  const fmr = setting?.fmr ?? defaultFmr;
  const llr = llrAtFmr(calibration.values, fmr);
  if (llr !== undefined) return byLlr(calibration.values, { kind: 'fmr', fmr }, llr);
  if (setting) throw unsupported(calibration.values, fmr);
  return cardThreshold === undefined ? {} : { policy: { kind: 'threshold', source: 'model-card' }, raw: cardThreshold };
}

function byLlr({ logistic }: Calibration, policy: Policy, llr: number): Criterion {
  return logistic.quality ? { policy, llr } : { policy, llr, raw: (llr - logistic.offset) / logistic.slope };
}

function explain(
  { digest, values }: NonNullable<JudgeParts['calibration']>,
  { prior }: JudgeParts,
  score: number,
  left?: number,
  right?: number,
): CalibratedScore {
  const llr = llrOf(values, score, left, right);
  const { rate, upper } = fmrAt(values, llr);
  const probability = 1 / (1 + Math.exp(-llr - Math.log(prior / (1 - prior))));
  return { llr, probability, prior, fmr: rate, fmrUpper: upper, calibration: digest };
}

function unsupported({ fmr: { impostorSubjectPairs, points } }: Calibration, fmr: number): AffinisError {
  const needed = neededSubjectPairs(fmr);
  const lowest = points.at(-1)?.rate ?? 1;
  const why =
    impostorSubjectPairs < needed
      ? `has ${impostorSubjectPairs} distinct impostor subject pairs and ${needed} are needed for fmr ${fmr}; calibrate on more subjects or allow a higher rate`
      : `reaches no rate below ${lowest}; allow a higher rate`;
  return refused(`cannot be held: the calibration ${why}`, 'POLICY_UNSUPPORTED');
}

const refused = (problem: string, reason: string) =>
  new AffinisError('failed-precondition', `[core] the policy ${problem}`, { field: 'policy', reason });
