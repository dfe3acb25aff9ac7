import { AffinisError, type Assessment, type Decision, type SinglePipeline } from '@affinis/core';
import {
  aucOf,
  type BootstrapOptions,
  bestAccuracy,
  bootstrapWeights,
  cllrOf,
  type DiscardPoint,
  eerOf,
  errorVersusDiscard,
  type FoldAccuracy,
  foldAccuracy,
  interval,
  minCllrOf,
  neededImpostors,
  pick,
  type Ranking,
  rankEquivalent,
  rankTrials,
  rocOf,
  type Trials,
  tarAtFar,
} from '@affinis/evaluation';
import type { Dataset } from './dataset.ts';
import { type ScoredPairs, trialsOf } from './score-pairs.ts';

export interface ScoredPipeline {
  readonly pipeline: SinglePipeline;
  readonly scored: ScoredPairs;
}

export interface PipelineReport {
  readonly pipeline: string;
  readonly pairs: { readonly genuine: number; readonly impostor: number; readonly leftOut: number };
  readonly failedSamples: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly eer: number;
  readonly auc: number;
  /** At the threshold that is best on these very pairs. */
  readonly accuracy: number;
  /** Of each fold at the threshold that is best on the others; null where the pairs name no folds, or too few. */
  readonly foldAccuracy: FoldAccuracy | null;
  /** By the rate asked for: `1e-3`. */
  readonly tarAtFar: Readonly<Record<string, TarAtFar>>;
  readonly minCllr: number;
  /** Of the pipeline's own calibration; null where it has none. */
  readonly cllr: number | null;
  /**
   * By the pipeline's policy, share of genuine pairs that were not matched and of impostors that were, of those that were
   * decided; and share of all pairs with a side too uncertain to decide by.
   */
  readonly decisions: { readonly fnmr: Estimated; readonly fmr: Estimated; readonly insufficient: number } | null;
  /** Null where the embedder gives no uncertainty. */
  readonly errorVersusDiscard: readonly DiscardPoint[] | null;
}

/** With its 95 % interval over subjects. */
export interface Estimated {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export type TarAtFar = { readonly tar: number; readonly far: number } | { readonly tar: null; readonly reason: string };

export interface PipelineDifference {
  readonly first: string;
  readonly second: string;
  /** Pairs that both could score. */
  readonly pairs: number;
  /** The two order all pairs alike, so that no difference can exist. */
  readonly rankEquivalent: boolean;
  /** `second - first` with its 95 % interval, by figure. */
  readonly differences: Readonly<
    Record<string, { readonly value: number; readonly low: number; readonly high: number }>
  >;
}

const rates = [1e-1, 1e-2, 1e-3, 1e-4];
const rateName = (rate: number) => rate.toExponential(0);

export function reportOf(
  { pipeline, scored }: ScoredPipeline,
  dataset: Dataset,
  options: BootstrapOptions,
): PipelineReport {
  const judged = judge(pipeline, scored);
  const trials = rankedTrials({ pipeline, scored }, dataset);
  const ranking = rankTrials(trials);
  const roc = rocOf(ranking);
  const genuine = trials.same.reduce((sum, label) => sum + label, 0);
  const impostor = trials.same.length - genuine;
  const tarAt = (rate: number): TarAtFar => {
    const needed = neededImpostors(rate);
    if (impostor < needed)
      return { tar: null, reason: `insufficient data: ${impostor} impostor pairs, ${needed} needed` };
    const { tar, far } = tarAtFar(roc, rate);
    return { tar, far };
  };
  const folds = dataset.folds && scored.rows.map((row) => dataset.folds?.[row] ?? 0);
  const uncertain = scored.leftUncertainty.some(Number.isNaN)
    ? undefined
    : scored.leftUncertainty.map((left, row) => Math.exp(left) + Math.exp(scored.rightUncertainty[row] as number));
  return {
    pipeline: pipeline.name,
    pairs: { genuine, impostor, leftOut: dataset.left.length - trials.same.length },
    failedSamples: scored.failedSamples,
    failures: Object.fromEntries(scored.failures),
    eer: eerOf(roc),
    auc: aucOf(roc),
    accuracy: bestAccuracy(ranking).accuracy,
    foldAccuracy: folds ? accuracyByFold(trials, folds) : null,
    tarAtFar: Object.fromEntries(rates.map((rate) => [rateName(rate), tarAt(rate)])),
    minCllr: minCllrOf(trials),
    cllr: judged.ratios ? cllrOf({ ...trials, scores: judged.ratios }) : null,
    decisions: judged.matches ? decisionRates(judged.matches, trials, options) : null,
    errorVersusDiscard: uncertain ? errorVersusDiscard(trials, uncertain) : null,
  };
}

/** Null where failures left a fold or a class without pairs. */
function accuracyByFold(trials: Trials, folds: Int32Array): FoldAccuracy | null {
  try {
    return foldAccuracy(trials, folds);
  } catch (thrown) {
    if (AffinisError.from(thrown).code === 'invalid-argument') return null;
    throw thrown;
  }
}

/** Ranked as the pipeline decides: by scores, or by ratios where they read the samples' uncertainties too. */
function rankedTrials({ pipeline, scored }: ScoredPipeline, dataset: Dataset): Trials {
  const trials = trialsOf(pipeline, dataset, scored);
  const ratios = pipeline.readsQuality ? judge(pipeline, scored).ratios : undefined;
  return ratios ? { ...trials, scores: ratios } : trials;
}

/** What the pipeline's policy makes of each score. */
export function judge(
  { judge: judgeScore, maxVariance = Number.POSITIVE_INFINITY }: SinglePipeline,
  { scores, leftUncertainty, rightUncertainty }: ScoredPairs,
) {
  const known = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? undefined : value);
  const assessments = Array.from(scores, (score, row): Assessment => {
    const [left, right] = [known(leftUncertainty[row]), known(rightUncertainty[row])];
    const assessment = judgeScore(score, left, right);
    const uncertain = Math.exp(Math.max(left ?? -Infinity, right ?? -Infinity)) > maxVariance;
    return uncertain ? { ...assessment, decision: 'insufficient' } : assessment;
  });
  const [first] = assessments;
  return {
    assessments,
    ratios: first?.calibrated
      ? Float64Array.from(assessments, ({ calibrated }) => calibrated?.llr ?? Number.NaN)
      : undefined,
    matches:
      first && first.decision !== 'undecided'
        ? Uint8Array.from(assessments, ({ decision }) => outcomes.indexOf(decision))
        : undefined,
  };
}

/** By number in `matches`. */
const outcomes: readonly Decision[] = ['no_match', 'match', 'insufficient'];

function decisionRates(matches: Uint8Array, trials: Trials, options: BootstrapOptions) {
  const rate = (label: number, match: number, weights?: Float64Array): number => {
    const sums = [0, 0, 0];
    for (const [row, same] of trials.same.entries()) {
      const weight = weights ? (weights[row] as number) : 1;
      if (same === label) sums[matches[row] as number] = (sums[matches[row] as number] as number) + weight;
    }
    const [no = 0, yes = 0] = sums;
    return (match === 1 ? yes : no) / (no + yes);
  };
  const drawn: { readonly fnmr: number; readonly fmr: number }[] = [];
  for (const weights of bootstrapWeights(trials, options))
    drawn.push({ fnmr: rate(1, 0, weights), fmr: rate(0, 1, weights) });
  return {
    fnmr: { value: rate(1, 0), ...interval(drawn.map(({ fnmr }) => fnmr)) },
    fmr: { value: rate(0, 1), ...interval(drawn.map(({ fmr }) => fmr)) },
    insufficient: matches.reduce((sum, outcome) => sum + (outcome === 2 ? 1 : 0), 0) / matches.length,
  };
}

/** The paired difference of two pipelines on the pairs that both could score, both on the same draws of subjects. */
export function differenceOf(
  first: ScoredPipeline,
  second: ScoredPipeline,
  dataset: Dataset,
  options: BootstrapOptions,
): PipelineDifference {
  const [a, b] = commonTrials(first, second, dataset);
  const figures = (ranking: Ranking, weights?: Float64Array): Record<string, number> => {
    const roc = rocOf(ranking, weights);
    const impostor = ranking.trials.same.length - ranking.trials.same.reduce((sum, label) => sum + label, 0);
    const supported = rates.filter((rate) => impostor >= neededImpostors(rate));
    return {
      eer: eerOf(roc),
      ...Object.fromEntries(supported.map((rate) => [`tarAtFar ${rateName(rate)}`, tarAtFar(roc, rate).tar])),
    };
  };
  const [rankingA, rankingB] = [rankTrials(a), rankTrials(b)];
  const subtract = (x: Record<string, number>, y: Record<string, number>) =>
    Object.fromEntries(Object.keys(x).map((name) => [name, (y[name] as number) - (x[name] as number)]));
  const value = subtract(figures(rankingA), figures(rankingB));
  const drawn: Record<string, number>[] = [];
  for (const weights of bootstrapWeights(a, options))
    drawn.push(subtract(figures(rankingA, weights), figures(rankingB, weights)));
  return {
    first: first.pipeline.name,
    second: second.pipeline.name,
    pairs: a.same.length,
    rankEquivalent: rankEquivalent(a.scores, b.scores),
    differences: Object.fromEntries(
      Object.entries(value).map(([name, difference]) => [
        name,
        { value: difference, ...interval(drawn.map((draw) => draw[name] as number)) },
      ]),
    ),
  };
}

function commonTrials(first: ScoredPipeline, second: ScoredPipeline, dataset: Dataset): [Trials, Trials] {
  const inSecond = new Map([...second.scored.rows].map((row, at) => [row, at]));
  const shared = [...first.scored.rows].flatMap((row, at) => {
    const other = inSecond.get(row);
    return other === undefined ? [] : [[at, other] as const];
  });
  return [
    pick(
      rankedTrials(first, dataset),
      Uint32Array.from(shared, ([at]) => at),
    ),
    pick(
      rankedTrials(second, dataset),
      Uint32Array.from(shared, ([, at]) => at),
    ),
  ];
}
