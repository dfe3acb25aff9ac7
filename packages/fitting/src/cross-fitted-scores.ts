import type { MetricDefinition, Uncertainty } from '@affinis/core';
import { unfit } from './errors.ts';
import type { CrossFitted, Fit } from './fit-uncertainty.ts';
import { type FittingData, usableRows } from './fitting-data.ts';
import { drawPairs, joinPairs, type PairOptions, type RowPairs } from './pairs.ts';
import { scoreRows } from './score-rows.ts';
import { writeVariances } from './variance-calibration.ts';

export interface CrossFittedScores {
  /** Clean pairs of two subjects of one fold, and all genuine ones of at most ten samples a subject. */
  readonly pairs: RowPairs;
  /** The metric's own scores of the pairs, float64[P]. */
  score(definition: MetricDefinition): Float64Array;
}

/**
 * Scores of the fitted samples as they are, to calibrate by: each pair's variances and population are those that did
 * not see its subjects, under the constants of the model's own variance, whose scores the calibration is for. Throws
 * `invalid-argument` where no subject has two samples.
 */
export function crossFittedScores(
  data: FittingData,
  { uncertainty, crossFitted }: Pick<Fit, 'uncertainty' | 'crossFitted'>,
  options: PairOptions,
): CrossFittedScores {
  const variances = new Float32Array(data.embeddings.length);
  const folds = crossFitted.uncertainties.map((heldOut, part) => {
    const samples = Int32Array.from(data.subjects.keys()).filter((sample) => crossFitted.fold[sample] === part);
    const rows = usableRows({ ...data, copies: 1 }, samples);
    writeVariances(crossFitted.raw, constantsFrom(uncertainty, heldOut), rows, variances);
    return { population: heldOut.population, pairs: cleanPairs(data, rows, part, crossFitted, options) };
  });
  return {
    pairs: joinPairs(folds.map(({ pairs }) => pairs)),
    score: (definition) => {
      const scores = folds.map(({ population, pairs }) => {
        const metric = definition.create(definition.parameters.parse({}), population);
        const sign = metric.polarity === 'distance' ? -1 : 1;
        return scoreRows(metric, data, pairs, variances).map((score) => sign * score);
      });
      return Float64Array.from(scores.flatMap((part) => [...part]));
    },
  };
}

function cleanPairs(
  data: FittingData,
  samples: Int32Array,
  part: number,
  { uncertainties }: CrossFitted,
  { impostors, seed }: PairOptions,
): RowPairs {
  const drawn = drawPairs(data, samples, { impostors: Math.ceil(impostors / uncertainties.length), seed: seed + part });
  const pairs = drawn.get('clean/clean');
  if (!pairs) throw unfit('have one sample each; label two or more of some to calibrate their scores', 'subjects');
  return pairs;
}

const constantsFrom = ({ calibration: { a, g, c } }: Uncertainty, heldOut: Uncertainty) => ({
  ...heldOut.calibration,
  a,
  g,
  c,
});
