import type { MetricDefinition, Population, Uncertainty } from '@affinis/core';
import type { Logistic } from '@affinis/evaluation';
import { judge } from './figures.ts';
import type { FitSettings } from './fit-options.ts';
import { type FittingData, usableRows } from './fitting-data.ts';
import { createPace } from './pace.ts';
import { type Condition, conditions, joinPairs, type RowPairs } from './pairs.ts';
import { applyQuality, fitQuality, type QualityTerms, uncertaintiesOf } from './quality-logistic.ts';
import type { RawVariances } from './raw-variances.ts';
import type { ConditionReport, FitReport, Scorer } from './report.ts';
import { scoreRows } from './score-rows.ts';
import { writeVariances } from './variance-calibration.ts';

/** A fold: its samples, pairs of them, and what was fitted to the subjects of the other folds. */
export interface HeldOut {
  readonly uncertainty: Uncertainty;
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
  const variances = new Float32Array(data.embeddings.length);
  for (const { uncertainty, samples } of folds)
    writeVariances(raw, uncertainty.calibration, usableRows(data, samples), variances);
  const score = createScorer(data, raw, variances, settings, folds);
  const pace = createPace(settings);
  const found = conditions.filter((condition) => folds.every(({ pairs }) => pairs.has(condition)));
  const report: Partial<Record<Condition, ConditionReport>> = {};
  for (const [index, condition] of found.entries()) {
    const lists = folds.map(({ pairs }) => pairs.get(condition) as RowPairs);
    const scores = score(lists);
    const scored = lists.map((pairs, fold) => ({ pairs, scores: scores[fold] ?? new Map<Scorer, Float64Array>() }));
    let drawn = 0;
    const judged = await judge(scored, {
      draws: settings.draws,
      seed: settings.seed,
      pause: () => pace('report', index * settings.draws + drawn++, found.length * settings.draws),
    });
    const pairs = joinPairs(lists);
    const genuine = pairs.same.reduce((sum, label) => sum + label, 0);
    const impostorSubjectPairs = subjectPairs(pairs);
    report[condition] = { genuine, impostor: pairs.same.length - genuine, impostorSubjectPairs, judged };
  }
  return report;
}

/** By fold and scorer, the scores of the folds' pairs under one condition. */
function createScorer(
  data: FittingData,
  raw: RawVariances,
  variances: Float32Array,
  { metrics }: FitSettings,
  folds: readonly HeldOut[],
): (lists: readonly RowPairs[]) => readonly ReadonlyMap<Scorer, Float64Array>[] {
  const uncertainties = uncertaintiesOf(raw);
  const by = (definition: MetricDefinition, pairs: RowPairs, population?: Population) =>
    scoreRows(definition.create(definition.parameters.parse({}), population), data, pairs, variances);
  const logistics = (terms: QualityTerms): Logistic[] =>
    folds.map((_, held) => {
      const others = joinPairs(
        folds.filter((__, fold) => fold !== held).map(({ pairs }) => pairs.get('mixed') as RowPairs),
      );
      return fitQuality(terms, others, by(metrics.cosine, others), uncertainties);
    });
  const linear = logistics('linear');
  const full = logistics('full');
  return (lists) =>
    lists.map((pairs, fold) => {
      const cosines = by(metrics.cosine, pairs);
      const quality = (terms: QualityTerms, fitted: readonly Logistic[]) =>
        applyQuality(terms, fitted[fold] as Logistic, pairs, cosines, uncertainties);
      return new Map<Scorer, Float64Array>([
        ['cosine', cosines],
        ['mls', by(metrics.mls, pairs)],
        ['mls-llr', by(metrics.mlsLlr, pairs, folds[fold]?.uncertainty.population)],
        ['cosine-quality', quality('linear', linear)],
        ['cosine-quality-full', quality('full', full)],
      ]);
    });
}

function subjectPairs({ same, left, right }: RowPairs): number {
  const seen = new Set<string>();
  for (let pair = 0; pair < same.length; pair++) {
    const [a, b] = [left[pair] as number, right[pair] as number];
    if (same[pair] === 0) seen.add(`${Math.min(a, b)} ${Math.max(a, b)}`);
  }
  return seen.size;
}
