import type { Metric, MetricDefinition, VarianceCalibration } from '@affinis/core';
import type { Trials } from '@affinis/evaluation';
import { unfit } from './errors.ts';
import type { FittingData } from './fitting-data.ts';
import { meritOf } from './merit.ts';
import { createPace, type Watch } from './pace.ts';
import type { Condition, RowPairs } from './pairs.ts';
import type { PopulationFit } from './population.ts';
import type { RawVariances } from './raw-variances.ts';
import { scoreRows } from './score-rows.ts';

/** Constants that are tried, all with all. */
export interface Grid {
  readonly a: readonly number[];
  readonly g: readonly number[];
  readonly c: readonly number[];
}

export const defaultGrid: Grid = { a: [0.25, 0.5, 1, 2], g: [1, 1.5, 2, 3], c: [0.5, 0.75, 1, 1.5, 2] };

export interface CalibrationOptions extends Watch {
  /** The metrics that the constants are chosen for, MLS-LLR and MLS: whichever they bring further. */
  readonly metrics: readonly MetricDefinition[];
  /** What clean pairs must not fall behind: cosine. */
  readonly baseline: MetricDefinition;
  readonly population: PopulationFit;
  /** Development pairs of subjects that the head did not see. */
  readonly pairs: ReadonlyMap<Condition, RowPairs>;
  readonly grid?: Grid | undefined;
  readonly stage?: string;
}

/** The constants that bring a metric furthest, and those of the metric that comes furthest. */
export interface FittedVariance {
  readonly best: VarianceCalibration;
  /** In the order of the metrics. */
  readonly byMetric: readonly VarianceCalibration[];
}

/** What clean pairs may lose against the baseline, of a merit that is a rate. */
const cleanTolerance = 0.005;

/**
 * Constants of `v = a · head^g · geometricMean^(1-g) + c · within` that maximise the merit of clean and mixed pairs
 * together (`meritOf`), less what clean pairs by themselves lose against the baseline beyond half a point.
 */
export async function fitVarianceCalibration(
  data: FittingData,
  raw: RawVariances,
  options: CalibrationOptions,
): Promise<FittedVariance> {
  const { population, grid = defaultGrid, stage = 'calibration of the variance' } = options;
  checkGrid(grid);
  const judged = [...options.pairs].filter(([condition]) => condition === 'clean/clean' || condition === 'mixed');
  const rows = rowsOf(judged.map(([, pairs]) => pairs));
  const geometricMean = Math.exp(meanLogarithm(raw, rows));
  const create = (definition: MetricDefinition) =>
    definition.create(definition.parameters.parse({}), population.population);
  const metrics = options.metrics.map(create);
  const trialsOf = (by: Metric, variances?: Float32Array) =>
    judged.map(([, pairs]) => ({ ...pairs, scores: scoreRows(by, data, pairs, variances) }));
  const clean = judged.findIndex(([condition]) => condition === 'clean/clean');
  const cleanMerit = (trials: readonly Trials[]) => (clean < 0 ? 0 : meritOf(trials.slice(clean, clean + 1)));
  const leastClean = cleanMerit(trialsOf(create(options.baseline))) - cleanTolerance;
  const scoreOf = (trials: readonly Trials[]) => meritOf(trials) - Math.max(0, leastClean - cleanMerit(trials));
  const pace = createPace(options);
  const variances = new Float32Array(data.embeddings.length);
  const total = grid.a.length * grid.g.length * grid.c.length;
  let done = 0;
  const best: { readonly merit: number; readonly calibration: VarianceCalibration }[] = [];
  for (const g of grid.g)
    for (const a of grid.a)
      for (const c of grid.c) {
        await pace(stage, done++, total);
        const calibration = { a, g, c, geometricMean, within: population.within };
        writeVariances(raw, calibration, rows, variances);
        for (const [index, metric] of metrics.entries()) {
          const merit = scoreOf(trialsOf(metric, variances));
          if (merit > (best[index]?.merit ?? Number.NEGATIVE_INFINITY)) best[index] = { merit, calibration };
        }
      }
  await pace(stage, total, total);
  const [first, ...others] = best;
  if (!first) throw unfit('holds no constants', 'grid');
  const furthest = others.reduce((most, each) => (each.merit > most.merit ? each : most), first);
  return { best: furthest.calibration, byMetric: best.map(({ calibration }) => calibration) };
}

/** Core's `calibrateVariance` of many rows: writes float32[rows, D] into float32[K * N, D]. */
export function writeVariances(
  { logarithms, perRow }: RawVariances,
  { a, g, c, geometricMean, within }: VarianceCalibration,
  rows: Int32Array,
  out: Float32Array,
): void {
  const dimension = within.length;
  const base = Math.log(a) + (1 - g) * Math.log(geometricMean);
  const scalar = perRow === 1;
  for (const row of rows) {
    let scaled = Math.exp(base + g * (logarithms[row * perRow] as number));
    for (let d = 0; d < dimension; d++) {
      if (!scalar) scaled = Math.exp(base + g * (logarithms[row * perRow + d] as number));
      const variance = scaled + c * (within[d] as number);
      out[row * dimension + d] = Math.min(largestVariance, Math.max(leastVariance, variance));
    }
  }
}

/** As in core. */
const [leastVariance, largestVariance] = [1e-10, 1e10];

export function rowsOf(lists: readonly RowPairs[]): Int32Array {
  const rows = new Set<number>();
  for (const { leftRow, rightRow } of lists)
    for (const side of [leftRow, rightRow]) for (const row of side) rows.add(row);
  return Int32Array.from(rows).sort();
}

function meanLogarithm({ logarithms, perRow }: RawVariances, rows: Int32Array): number {
  let sum = 0;
  for (const row of rows) for (let at = row * perRow; at < (row + 1) * perRow; at++) sum += logarithms[at] as number;
  return sum / (rows.length * perRow);
}

/** Throws `invalid-argument` naming the constant that is not finite and above 0. */
export function checkGrid(grid: Grid): void {
  for (const name of ['a', 'g', 'c'] as const)
    for (const [index, value] of grid[name].entries())
      if (!(value > 0) || !Number.isFinite(value))
        throw unfit(`is ${value}; it must be finite and above 0`, `grid.${name}[${index}]`);
}
