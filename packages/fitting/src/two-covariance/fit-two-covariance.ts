import type { TwoCovariance } from '@affinis/core';
import { subjectFolds } from '@affinis/evaluation';
import { unfit } from '../errors.ts';
import { logLikelihood, maximise } from './expectation-maximisation.ts';
import { type GroupedRows, groupRows, type LabelledRows } from './grouped-rows.ts';
import { type Model, momentModel, regularised } from './model.ts';

export interface TwoCovarianceOptions {
  /** Steps of expectation-maximisation after the estimates from the moments. */
  readonly iterations: number;
  /** How far covariances are drawn to their diagonals, 0 … 1; `auto`: what explains subjects that were left out best. */
  readonly shrinkage: number | 'auto';
  /** Of the folds of `auto`. */
  readonly seed: number;
}

export interface TwoCovarianceFit {
  readonly model: TwoCovariance;
  readonly shrinkage: number;
  readonly subjects: number;
  readonly samples: number;
}

const grid = [0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 1];
const folds = 3;
/** Enough to tell one shrinkage from another. */
const trialIterations = 2;

/** The two-covariance model of labelled embeddings. Throws `invalid-argument` where they do not suffice. */
export function fitTwoCovariance(
  rows: LabelledRows,
  { iterations, shrinkage: wanted, seed }: TwoCovarianceOptions,
): TwoCovarianceFit {
  const groups = groupRows(rows);
  const shrinkage = wanted === 'auto' ? bestShrinkage(rows, seed) : wanted;
  const model = fitted(groups, shrinkage, iterations);
  const { dimension, subjects, samples } = groups;
  const packed = (matrix: Model['within']) =>
    Float64Array.from({ length: dimension * dimension }, (_, at) => {
      const [row, column] = [Math.floor(at / dimension), at % dimension];
      return (matrix.get(row, column) + matrix.get(column, row)) / 2;
    });
  return {
    model: {
      dimension,
      covariance: 'full',
      mean: Float64Array.from(model.mean.to1DArray()),
      between: packed(model.between),
      within: packed(model.within),
    },
    shrinkage,
    subjects,
    samples,
  };
}

/** The diagonals of a full model, which are what a shrinkage of 1 comes to. */
export function diagonalOf({ dimension, mean, between, within }: TwoCovariance): TwoCovariance {
  const diagonal = (values: Float64Array) =>
    Float64Array.from({ length: dimension }, (_, d) => values[d * dimension + d] as number);
  return { dimension, covariance: 'diagonal', mean, between: diagonal(between), within: diagonal(within) };
}

function fitted(groups: GroupedRows, shrinkage: number, iterations: number): Model {
  let model = momentModel(groups, shrinkage);
  for (let step = 0; step < iterations; step++) model = regularised(maximise(groups, model), shrinkage);
  return model;
}

function bestShrinkage(rows: LabelledRows, seed: number): number {
  const numbers = new Map([...new Set(rows.subjects)].map((subject, index) => [subject, index]));
  if (numbers.size < 2 * folds)
    throw unfit(`are ${numbers.size}; ${2 * folds} are needed to choose a shrinkage, or give one`, 'subjects');
  const fold = subjectFolds(numbers.size, folds, seed);
  const splits = Array.from({ length: folds }, (_, part) => {
    const isHeldOut = (subject: number) => fold[numbers.get(subject) ?? 0] === part;
    return {
      training: groupRows(selected(rows, (subject) => !isHeldOut(subject))),
      heldOut: groupRows(selected(rows, isHeldOut)),
    };
  });
  const merit = (shrinkage: number) =>
    splits.reduce(
      (sum, { training, heldOut }) => sum + logLikelihood(heldOut, fitted(training, shrinkage, trialIterations)),
      0,
    );
  const merits = grid.map((shrinkage) => ({ shrinkage, merit: merit(shrinkage) }));
  return merits.reduce((best, one) => (one.merit > best.merit ? one : best)).shrinkage;
}

function selected(
  { subjects, dimension, embeddings }: LabelledRows,
  wanted: (subject: number) => boolean,
): LabelledRows {
  const samples = Int32Array.from(subjects.keys()).filter((sample) => wanted(subjects[sample] as number));
  const chosen = new Float32Array(samples.length * dimension);
  for (const [to, from] of samples.entries())
    chosen.set(embeddings.subarray(from * dimension, (from + 1) * dimension), to * dimension);
  return { subjects: samples.map((sample) => subjects[sample] as number), dimension, embeddings: chosen };
}
