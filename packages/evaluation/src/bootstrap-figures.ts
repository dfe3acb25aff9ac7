import { type BootstrapOptions, bootstrapWeights, interval } from './bootstrap.ts';
import { checkPaired } from './mcnemar.ts';
import { type Ranking, type Roc, rankTrials, rocOf } from './roc.ts';
import { invalid, type Trials } from './trials.ts';

/** What a figure is made of; `weights` (how often each trial counts) is absent for the trials as they are. */
export interface Draw {
  readonly ranking: Ranking;
  readonly roc: Roc;
  readonly weights?: Float64Array;
}

/** A figure of one pipeline, such as `({ roc }) => eerOf(roc)`; not finite where a draw has none. */
export type Figure = (draw: Draw) => number;

export interface Estimate {
  /** Of the trials as they are. */
  readonly value: number;
  /** Ends of the 95 % percentile interval; NaN without draws. */
  readonly low: number;
  readonly high: number;
  /** Draws that have the figure: few where a class is rare. */
  readonly draws: number;
}

export interface BootstrapFigures<Name extends string> {
  /** By pipeline, in the order given. */
  readonly figures: readonly Readonly<Record<Name, Estimate>>[];
  /** By pipeline from the second on: its figure minus the first's, on the same draws. */
  readonly differences: readonly Readonly<Record<Name, Estimate>>[];
}

/**
 * Figures of pipelines on the same pairs with 95 % intervals, and the paired differences from the first pipeline, by
 * `draws` draws of subjects with replacement that all pipelines share. Throws `invalid-argument` where the pipelines'
 * pairs differ, naming the row.
 */
export function bootstrapFigures<Name extends string>(
  pipelines: readonly Trials[],
  figures: Readonly<Record<Name, Figure>>,
  options: BootstrapOptions,
): BootstrapFigures<Name> {
  const [first, ...others] = pipelines;
  if (!first) throw invalid('there is no pipeline to draw for; give one or more', 'pipelines');
  for (const other of others) checkPaired(first, other);
  const names = Object.keys(figures) as Name[];
  const rankings = pipelines.map(rankTrials);
  const figuresOf = (ranking: Ranking, weights?: Float64Array): number[] => {
    const draw = { ranking, roc: rocOf(ranking, weights), ...(weights ? { weights } : {}) };
    return names.map((name) => figures[name](draw));
  };
  const values = rankings.map((ranking) => figuresOf(ranking));
  const drawn: number[][][] = [];
  for (const weights of bootstrapWeights(first, options))
    drawn.push(rankings.map((ranking) => figuresOf(ranking, weights)));

  const estimate = (of: (pipelineFigures: readonly (readonly number[])[]) => number): Estimate => {
    const finite = drawn.map(of).filter(Number.isFinite);
    return { value: of(values), ...interval(finite), draws: finite.length };
  };
  const byName = (of: (pipelineFigures: readonly (readonly number[])[], figure: number) => number) =>
    Object.fromEntries(names.map((name, figure) => [name, estimate((all) => of(all, figure))])) as Record<
      Name,
      Estimate
    >;
  const at = (all: readonly (readonly number[])[], pipeline: number, figure: number) => all[pipeline]?.[figure] ?? NaN;
  return {
    figures: pipelines.map((_, pipeline) => byName((all, figure) => at(all, pipeline, figure))),
    differences: others.map((_, index) => byName((all, figure) => at(all, index + 1, figure) - at(all, 0, figure))),
  };
}
