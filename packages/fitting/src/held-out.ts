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
  const score = createScorer(data, variances, settings, folds);
  const pace = createPace(settings);
  const found = conditions.filter((condition) => folds.every(({ pairs }) => pairs.has(condition)));
  const report: Partial<Record<Condition, ConditionReport>> = {};
  for (const [index, condition] of found.entries()) {
    const lists = folds.map(({ pairs }) => pairs.get(condition) as RowPairs);
    const pairs = joinPairs(lists);
    let drawn = 0;
    const judged = await judge(pairs, score(lists), {
      draws: settings.draws,
      seed: settings.seed,
      pause: () => pace('report', index * settings.draws + drawn++, found.length * settings.draws),
    });
    const genuine = pairs.same.reduce((sum, label) => sum + label, 0);
    const impostorSubjectPairs = subjectPairs(pairs);
    report[condition] = { genuine, impostor: pairs.same.length - genuine, impostorSubjectPairs, judged };
  }
  return report;
}

/** Scores of the folds' pairs under one condition, joined, by scorer. */
function createScorer(
  data: FittingData,
  variances: Float32Array,
  { metrics }: FitSettings,
  folds: readonly HeldOut[],
): (lists: readonly RowPairs[]) => ReadonlyMap<Scorer, Float64Array> {
  const uncertainties = uncertaintiesOf(variances, data.dimension);
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
  return (lists) => {
    const all = (of: (pairs: RowPairs, fold: number) => Float64Array) => join(lists.map(of));
    const cosines = lists.map((pairs) => by(metrics.cosine, pairs));
    const quality = (terms: QualityTerms, fitted: readonly Logistic[]) =>
      all((pairs, fold) =>
        applyQuality(terms, fitted[fold] as Logistic, pairs, cosines[fold] as Float64Array, uncertainties),
      );
    return new Map<Scorer, Float64Array>([
      ['cosine', join(cosines)],
      ['mls', all((pairs) => by(metrics.mls, pairs))],
      ['mls-llr', all((pairs, fold) => by(metrics.mlsLlr, pairs, folds[fold]?.uncertainty.population))],
      ['cosine-quality', quality('linear', linear)],
      ['cosine-quality-full', quality('full', full)],
    ]);
  };
}

function subjectPairs({ same, left, right }: RowPairs): number {
  const seen = new Set<string>();
  for (let pair = 0; pair < same.length; pair++) {
    const [a, b] = [left[pair] as number, right[pair] as number];
    if (same[pair] === 0) seen.add(`${Math.min(a, b)} ${Math.max(a, b)}`);
  }
  return seen.size;
}

function join(lists: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(lists.reduce((sum, list) => sum + list.length, 0));
  let place = 0;
  for (const list of lists) {
    all.set(list, place);
    place += list.length;
  }
  return all;
}
