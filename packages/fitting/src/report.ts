import { neededSubjectPairs, type VarianceCalibration } from '@affinis/core';
import type { AtCleanThreshold } from './clean-threshold.ts';
import type { Difference, Figures, Judged } from './figures.ts';
import { type Condition, conditions } from './pairs.ts';

export const scorers = ['cosine', 'mls', 'mls-llr', 'cosine-quality'] as const;
export type Scorer = (typeof scorers)[number];

const candidates = ['mls-llr', 'mls'] as const;
type Candidate = (typeof candidates)[number];
const candidateTitles: Readonly<Record<Candidate, string>> = { 'mls-llr': 'MLS-LLR', mls: 'MLS' };

export interface ConditionReport {
  readonly genuine: number;
  readonly impostor: number;
  /** Distinct pairs of subjects among the impostors: what bounds the rates that can be claimed. */
  readonly impostorSubjectPairs: number;
  /** In the order of `scorers`; the baseline of the differences is cosine. */
  readonly judged: readonly (Judged & { readonly atCleanThreshold: AtCleanThreshold | null })[];
}

/** What a fit measured, on subjects that the heads in question did not see. Plain JSON. */
export interface FitReport {
  readonly subjects: number;
  readonly samples: number;
  readonly copies: number;
  readonly folds: number;
  readonly draws: number;
  /** `samples`: genuine pairs are two samples of one subject; `copies`: two copies of one sample. */
  readonly genuineFrom: 'samples' | 'copies';
  /** `clean/clean` is missing where genuine pairs are copies. */
  readonly conditions: Readonly<Partial<Record<Condition, ConditionReport>>>;
  /** Constants of the model's own calibration, and of those that judged each fold. */
  readonly constants: Constants & { readonly folds: readonly Constants[] };
  /** Whether MLS-LLR or MLS beats cosine on mixed pairs beyond chance and keeps the clean ones. */
  readonly helped: boolean;
  /** The metric that this table speaks for. */
  readonly metric: 'cosine' | Candidate;
  readonly reason: string;
  readonly warnings: readonly string[];
}

export type Constants = Pick<VarianceCalibration, 'a' | 'g' | 'c'>;

/** Clean pairs may lose this much, in rates. */
const cleanTolerance = 0.01;

/**
 * The better of MLS and MLS-LLR, if either helps: by the true match rate at the lowest false match rate that the subjects
 * support, else by the EER.
 */
export function verdict(found: FitReport['conditions']): Pick<FitReport, 'helped' | 'metric' | 'reason'> {
  const judged = candidates.map((scorer) => judgeOne(found, scorer));
  const [best] = judged.toSorted((a, b) => Number(b.helped) - Number(a.helped) || b.gain - a.gain);
  if (!best) return { helped: false, metric: 'cosine', reason: 'there is nothing to judge' };
  return { helped: best.helped, metric: best.helped ? best.scorer : 'cosine', reason: best.reason };
}

function judgeOne(found: FitReport['conditions'], scorer: Candidate) {
  const of = (condition: Condition) => found[condition]?.judged.find((each) => each.scorer === scorer);
  const [mixed, clean] = [of('mixed')?.overBaseline, of('clean/clean')?.overBaseline];
  const subjectPairs = Math.min(...Object.values(found).map((condition) => condition.impostorSubjectPairs));
  const figure = (['tarAt1e3', 'tarAt1e2'] as const).find(
    (name) => subjectPairs >= neededSubjectPairs(name === 'tarAt1e3' ? 1e-3 : 1e-2) && mixed?.[name],
  );
  const gain = mixed?.[figure ?? 'eer'];
  if (!gain)
    return { scorer, helped: false, gain: Number.NEGATIVE_INFINITY, reason: 'there are no mixed pairs to judge by' };
  // A lower EER is better, a higher true match rate is.
  const sign = figure ? 1 : -1;
  const name = figure ? figureTitles[figure] : figureTitles.eer;
  const says = `${name} of ${candidateTitles[scorer]} less that of cosine on mixed pairs is ${points(gain)}`;
  const [low, cost] = [sign > 0 ? gain.low : -gain.high, clean?.[figure ?? 'eer']];
  const result = (helped: boolean, reason: string) => ({ scorer, helped, gain: sign * gain.value, reason });
  if (!(low > 0)) return result(false, `${says}, an interval that does not lie on the better side of zero`);
  if (cost && sign * cost.value < -cleanTolerance)
    return result(false, `${says}, but on clean pairs it is ${points(cost)}, worse by more than a point`);
  return result(true, `${says}${cost ? ` and on clean pairs ${points(cost)}` : '; clean pairs could not be judged'}`);
}

/** A Markdown table for the model's card, rates in per cent. */
export function reportTable({ conditions: found }: FitReport): string {
  const names = Object.keys(figureTitles) as (keyof Figures)[];
  const wanted = Object.values(found).flatMap(({ judged }) => judged[0]?.atCleanThreshold?.wanted ?? [])[0];
  const cleanTitles = wanted === undefined ? [] : [`FAR, TAR at the threshold of FAR ${wanted} on clean/clean`];
  const titles = ['pairs', 'scorer', ...names.map((name) => figureTitles[name]), ...cleanTitles];
  const lines = [titles, titles.map(() => '---')];
  for (const condition of conditions)
    for (const { scorer, figures, overBaseline, atCleanThreshold } of found[condition]?.judged ?? []) {
      const cells = names.map((name) => {
        const value = figures[name];
        const difference = overBaseline?.[name];
        if (value === null) return 'too few pairs';
        return `${(100 * value).toFixed(2)}${difference ? ` (${points(difference)})` : ''}`;
      });
      const atClean =
        atCleanThreshold && `${(100 * atCleanThreshold.fmr).toFixed(2)}, ${(100 * atCleanThreshold.tar).toFixed(1)}`;
      lines.push([condition, scorer, ...cells, ...(atClean ? [atClean] : cleanTitles.map(() => ''))]);
    }
  return `${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

const figureTitles = { eer: 'EER', tarAt1e2: 'TAR at FAR 1e-2', tarAt1e3: 'TAR at FAR 1e-3' } as const;

const points = ({ value, low, high }: Difference): string => `${signed(value)} [${signed(low)}, ${signed(high)}]`;
const signed = (rate: number): string => `${rate < 0 ? '' : '+'}${(100 * rate).toFixed(2)}`;
