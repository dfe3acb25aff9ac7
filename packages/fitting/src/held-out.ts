import {
  AffinisError,
  type MetricDefinition,
  type Population,
  type Uncertainty,
  type VarianceCalibration,
} from '@affinis/core';
import type { Trials } from '@affinis/evaluation';
import { atCleanThreshold } from './clean-threshold.ts';
import { judge, type ScoredFold } from './figures.ts';
import type { FitSettings } from './fit-options.ts';
import { type FittingData, usableRows } from './fitting-data.ts';
import { createPace } from './pace.ts';
import { type Condition, conditions, joinPairs, type RowPairs } from './pairs.ts';
import { applyQuality, fitQualityLogistic, type QualityLogistic, uncertaintiesOf } from './quality-logistic.ts';
import type { RawVariances } from './raw-variances.ts';
import type { ConditionReport, FitReport, Scorer } from './report.ts';
import { scoreRows } from './score-rows.ts';
import { writeVariances } from './variance-calibration.ts';

/** A fold: its samples, pairs of them, and what was fitted to the subjects of the other folds. */
export interface HeldOut {
  readonly uncertainty: Uncertainty;
  /** The variance's calibration that is best for each metric, which is judged by its own. */
  readonly mls: VarianceCalibration;
  readonly mlsLlr: VarianceCalibration;
  readonly samples: Int32Array;
  readonly pairs: ReadonlyMap<Condition, RowPairs>;
}

/** Compares the scorers on the pairs of all folds, each scored by what did not see its subjects. */
export async function judgeHeldOut(
  data: FittingData,
  raw: RawVariances,
  folds: readonly HeldOut[],
  settings: FitSettings,
): Promise<FitReport['conditions']> {
  const score = createScorer(data, raw, settings, folds);
  const pace = createPace(settings);
  const found = conditions.filter((condition) => folds.every(({ pairs }) => pairs.has(condition)));
  const scoredUnder = (condition: Condition) => {
    const lists = folds.map(({ pairs }) => pairs.get(condition) as RowPairs);
    const scores = score(lists);
    return lists.map((pairs, fold) => ({ pairs, scores: scores[fold] ?? new Map<Scorer, Float64Array>() }));
  };
  const clean = found.includes('clean/clean') ? scoredUnder('clean/clean') : undefined;
  const trialsOf = (scored: ScoredFold | undefined, scorer: string) =>
    ({ ...scored?.pairs, scores: scored?.scores.get(scorer) }) as Trials;
  const report: Partial<Record<Condition, ConditionReport>> = {};
  for (const [index, condition] of found.entries()) {
    const scored = condition === 'clean/clean' && clean ? clean : scoredUnder(condition);
    let drawn = 0;
    const judged = await judge(scored, {
      draws: settings.draws,
      seed: settings.seed,
      pause: () => pace('report', index * settings.draws + drawn++, found.length * settings.draws),
    });
    const pairs = joinPairs(scored.map((fold) => fold.pairs));
    const atClean = (scorer: string) =>
      clean
        ? atCleanThreshold(
            scored.map((fold, part) => ({ clean: trialsOf(clean[part], scorer), trials: trialsOf(fold, scorer) })),
          )
        : null;
    const genuine = pairs.same.reduce((sum, label) => sum + label, 0);
    const impostorSubjectPairs = subjectPairs(pairs);
    report[condition] = {
      genuine,
      impostor: pairs.same.length - genuine,
      impostorSubjectPairs,
      judged: judged.map((one) => ({ ...one, atCleanThreshold: atClean(one.scorer) })),
    };
  }
  return report;
}

/** By fold and scorer, the scores of the folds' pairs under one condition. */
function createScorer(
  data: FittingData,
  raw: RawVariances,
  { metrics }: FitSettings,
  folds: readonly HeldOut[],
): (lists: readonly RowPairs[]) => readonly ReadonlyMap<Scorer, Float64Array>[] {
  const uncertainties = uncertaintiesOf(raw);
  const variancesFor = (metric: 'mls' | 'mlsLlr') => {
    const variances = new Float32Array(data.embeddings.length);
    for (const fold of folds) writeVariances(raw, fold[metric], usableRows(data, fold.samples), variances);
    return variances;
  };
  const [forMls, forMlsLlr] = [variancesFor('mls'), variancesFor('mlsLlr')];
  const by = (definition: MetricDefinition, pairs: RowPairs, variances?: Float32Array, population?: Population) =>
    scoreRows(definition.create(definition.parameters.parse({}), population), data, pairs, variances);
  const fitted = folds.map((_, held) => {
    const others = joinPairs(
      folds.filter((__, fold) => fold !== held).map(({ pairs }) => pairs.get('mixed') as RowPairs),
    );
    return qualityLogistic(others, by(metrics.cosine, others), uncertainties);
  });
  // Scorers are compared over all folds, so that one which a fold lacks is left out.
  const logistics = fitted.every((logistic) => logistic !== undefined) ? fitted : [];
  return (lists) =>
    lists.map((pairs, fold) => {
      const cosines = by(metrics.cosine, pairs);
      const logistic = logistics[fold];
      return new Map<Scorer, Float64Array>([
        ['cosine', cosines],
        ['mls', by(metrics.mls, pairs, forMls)],
        ['mls-llr', by(metrics.mlsLlr, pairs, forMlsLlr, folds[fold]?.uncertainty.population)],
        ...(logistic ? [['cosine-quality', applyQuality(logistic, pairs, cosines, uncertainties)] as const] : []),
      ]);
    });
}

/** Undefined where uncertainties say nothing about how to read a cosine. */
function qualityLogistic(
  pairs: RowPairs,
  cosines: Float64Array,
  uncertainties: Float64Array,
): QualityLogistic | undefined {
  try {
    return fitQualityLogistic(pairs, cosines, uncertainties);
  } catch (thrown) {
    if (AffinisError.from(thrown).field === 'quality') return undefined;
    throw thrown;
  }
}

function subjectPairs({ same, left, right }: RowPairs): number {
  const seen = new Set<string>();
  for (let pair = 0; pair < same.length; pair++) {
    const [a, b] = [left[pair] as number, right[pair] as number];
    if (same[pair] === 0) seen.add(`${Math.min(a, b)} ${Math.max(a, b)}`);
  }
  return seen.size;
}
