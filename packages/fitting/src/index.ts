export * from './cross-fitted-scores.ts';
export type { Difference, Differences, FigureName, Figures, Judged } from './figures.ts';
export type { FitMetrics, FitOptions } from './fit-options.ts';
export * from './fit-uncertainty.ts';
export type { FittingData } from './fitting-data.ts';
export type { Progress, Watch } from './pace.ts';
export { type Condition, conditions, drawPairs, type PairOptions, type RowPairs } from './pairs.ts';
export * from './population.ts';
export * from './raw-variances.ts';
export { type ConditionReport, type FitReport, reportTable, type Scorer, scorers } from './report.ts';
export { type HeadOptions, type TrainOptions, trainHead } from './train-head.ts';
export {
  diagonalOf,
  fitTwoCovariance,
  type TwoCovarianceFit,
  type TwoCovarianceOptions,
} from './two-covariance/fit-two-covariance.ts';
export type { LabelledRows } from './two-covariance/grouped-rows.ts';
export { withinWhitening } from './two-covariance/within-whitening.ts';
export { type CalibrationOptions, defaultGrid, fitVarianceCalibration, type Grid } from './variance-calibration.ts';
