import { type HeadWeights, parseUncertainty, serialiseUncertainty, type Uncertainty } from '@affinis/core';
import { subjectFolds } from '@affinis/evaluation';
import { unfit } from './errors.ts';
import { type FitOptions, type FitSettings, withDefaults } from './fit-options.ts';
import { checkData, type FittingData, usableRows, usableSamples } from './fitting-data.ts';
import { type HeldOut, judgeHeldOut } from './held-out.ts';
import { type Condition, conditions, drawPairs, joinPairs, type RowPairs } from './pairs.ts';
import { fitPopulation } from './population.ts';
import { createRawVariances, fillRawVariances, type RawVariances } from './raw-variances.ts';
import { type FitReport, verdict } from './report.ts';
import { trainHead } from './train-head.ts';
import { fitVarianceCalibration } from './variance-calibration.ts';
import { warningsOf } from './warnings.ts';

export interface Fit {
  /** Fitted to all subjects, as it reads back from its file. */
  readonly uncertainty: Uncertainty;
  readonly crossFitted: CrossFitted;
  readonly report: FitReport;
}

/** What judges the fitted samples honestly, for each what did not see its subject: see `crossFittedScores`. */
export interface CrossFitted {
  /** uint8[N]: the fold of each sample's subject. */
  readonly fold: Uint8Array;
  /** By fold, what was fitted to the subjects of the other folds. */
  readonly uncertainties: readonly Uncertainty[];
  /** Of each row, by the head that did not see its subject. */
  readonly raw: RawVariances;
}

const leastSubjectsPerFold = 5;
const leastSamples = 40;

/**
 * Makes a model probabilistic: head, calibration of its variance, population; with a report of what that is worth, made
 * by heads that did not see the subjects in question. Throws `invalid-argument` for data that do not do, `cancelled`
 * where the signal says so. Keeps the caller's thread busy for minutes, with pauses for its messages.
 */
export async function fitUncertainty(data: FittingData, options: FitOptions): Promise<Fit> {
  const settings = withDefaults(options);
  const { folds, seed } = settings;
  const samples = checkEnough(data, folds);
  const population = fitPopulation(data, samples);
  const fold = foldOfSamples(data, folds, seed);
  const inside = Array.from({ length: folds }, (_, part) => samples.filter((sample) => fold[sample] === part));
  const outside = Array.from({ length: folds }, (_, part) => samples.filter((sample) => fold[sample] !== part));

  const raw = createRawVariances(data, settings.kind ?? 'diagonal');
  const heads: HeadWeights[] = [];
  for (const [part, others] of outside.entries()) {
    const stage = `head ${part + 1} of ${folds + 1}`;
    const head = await trainHead(data, { ...settings, samples: others, seed: seed + part, stage });
    await fillRawVariances(raw, head, data, usableRows(data, inside[part] as Int32Array), watching(settings, stage));
    heads.push(head);
  }

  const draw = (impostors: number, by: number) =>
    inside.map((own, part) => drawPairs(data, own, { impostors: Math.ceil(impostors / folds), seed: by + part }));
  const development = draw(settings.calibrationImpostors, seed);
  const judged = draw(settings.impostors, seed + folds);
  const assemble = (head: HeadWeights, on: Int32Array, pairs: typeof development, part: number) =>
    uncertaintyOf(
      data,
      head,
      raw,
      on,
      joinConditions(pairs),
      watching(settings, `calibration ${part} of ${folds + 1}`),
    );
  const heldOut: HeldOut[] = [];
  for (const [part, others] of outside.entries()) {
    const pairs = development.filter((_, other) => other !== part);
    const { uncertainty, mls, mlsLlr } = await assemble(heads[part] as HeadWeights, others, pairs, part + 1);
    heldOut.push({
      uncertainty,
      mls,
      mlsLlr,
      samples: inside[part] as Int32Array,
      pairs: judged[part] as HeldOut['pairs'],
    });
  }

  const stage = `head ${folds + 1} of ${folds + 1}`;
  const head = await trainHead(data, { ...settings, samples, seed: seed + folds, stage });
  const { uncertainty } = await assemble(head, samples, development, folds + 1);
  const found = await judgeHeldOut(data, raw, heldOut, settings);
  const uncertainties = heldOut.map((each) => each.uncertainty);
  return {
    uncertainty,
    crossFitted: { fold, uncertainties, raw },
    report: {
      subjects: new Set(samples.map((sample) => data.subjects[sample] as number)).size,
      samples: samples.length,
      copies: data.copies,
      folds,
      draws: settings.draws,
      genuineFrom: found['clean/clean'] ? 'samples' : 'copies',
      conditions: found,
      constants: { ...constantsOf(uncertainty), folds: uncertainties.map(constantsOf) },
      ...verdict(found),
      warnings: warningsOf(data, samples, population),
    },
  };
}

/**
 * The constants are chosen on pairs of which no subject was seen by the head that wrote its raw variances. `mls` and
 * `mlsLlr`: the best for each metric, of which the uncertainty has those of the metric that comes further.
 */
async function uncertaintyOf(
  data: FittingData,
  head: HeadWeights,
  raw: RawVariances,
  samples: Int32Array,
  pairs: ReadonlyMap<Condition, RowPairs>,
  settings: FitSettings & { readonly stage: string },
): Promise<Pick<HeldOut, 'uncertainty' | 'mls' | 'mlsLlr'>> {
  const population = fitPopulation(data, samples);
  const metrics = [settings.metrics.mlsLlr, settings.metrics.mls];
  const baseline = settings.metrics.cosine;
  const { best, byMetric } = await fitVarianceCalibration(data, raw, {
    ...settings,
    metrics,
    baseline,
    population,
    pairs,
  });
  const [mlsLlr = best, mls = best] = byMetric;
  const fitted = { head, calibration: best, population: population.population };
  // As it will be read: weights are kept as float16.
  const uncertainty = parseUncertainty(Buffer.from(serialiseUncertainty(fitted)), data.dimension);
  return { uncertainty, mls, mlsLlr };
}

const constantsOf = ({ calibration: { a, g, c } }: Uncertainty) => ({ a, g, c });

const watching = (settings: FitSettings, stage: string) => ({ ...settings, stage });

/** The usable samples, or an error that names what is needed. */
function checkEnough(data: FittingData, folds: number): Int32Array {
  checkData(data);
  const samples = usableSamples(data);
  if (samples.length < leastSamples)
    throw unfit(`${samples.length} samples were embedded; ${leastSamples} or more are needed`, 'subjects');
  const subjects = new Set(samples.map((sample) => data.subjects[sample] as number)).size;
  const needed = folds * leastSubjectsPerFold;
  if (subjects < needed)
    throw unfit(`there are ${subjects} subjects; ${folds} folds need ${needed} or more`, 'subjects');
  return samples;
}

function foldOfSamples({ subjects }: FittingData, folds: number, seed: number): Uint8Array {
  const place = new Map([...new Set(subjects)].map((subject, index) => [subject, index]));
  const fold = subjectFolds(place.size, folds, seed);
  return Uint8Array.from(subjects, (subject) => fold[place.get(subject) ?? 0] as number);
}

function joinConditions(folds: readonly ReadonlyMap<Condition, RowPairs>[]): ReadonlyMap<Condition, RowPairs> {
  const found = conditions.filter((condition) => folds.every((pairs) => pairs.has(condition)));
  return new Map(
    found.map((condition) => [condition, joinPairs(folds.flatMap((pairs) => pairs.get(condition) ?? []))]),
  );
}
