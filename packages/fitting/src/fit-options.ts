import type { MetricDefinition } from '@affinis/core';
import { unfit } from './errors.ts';
import type { HeadOptions } from './train-head.ts';
import { checkGrid, type Grid } from './variance-calibration.ts';

export interface FitOptions extends HeadOptions {
  /** What the report compares; the variance is calibrated for `mlsLlr` and `mls`. */
  readonly metrics: FitMetrics;
  /** Groups of subjects for cross-fitting, 2 or more. Default 2: three heads are trained, the last on all. */
  readonly folds?: number;
  /** Impostor pairs of the report under each condition, of all folds together. Default 100,000. */
  readonly impostors?: number;
  /** Impostor pairs that the constants of the variance are chosen on. Default 40,000. */
  readonly calibrationImpostors?: number;
  /** Draws of subjects for the intervals. Default 200. */
  readonly draws?: number;
  readonly grid?: Grid | undefined;
}

export interface FitMetrics {
  readonly cosine: MetricDefinition;
  readonly mls: MetricDefinition;
  readonly mlsLlr: MetricDefinition;
}

export type FitSettings = FitOptions &
  Required<Omit<FitOptions, 'grid' | keyof HeadOptions>> & { readonly seed: number };

export function withDefaults(options: FitOptions): FitSettings {
  const { folds = 2, impostors = 100_000, calibrationImpostors = 40_000, draws = 200, seed = 1 } = options;
  if (!Number.isInteger(folds) || folds < 2) throw unfit(`is ${folds}; a whole number, 2 or more, is needed`, 'folds');
  for (const [field, value] of Object.entries({ impostors, calibrationImpostors, draws }))
    if (!Number.isInteger(value) || value < 1) throw unfit(`is ${value}; a whole number above 0 is needed`, field);
  if (options.grid) checkGrid(options.grid);
  return { ...options, folds, impostors, calibrationImpostors, draws, seed };
}
