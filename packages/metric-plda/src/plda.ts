import { readFileSync } from 'node:fs';
import {
  AffinisError,
  defineMetric,
  type Metric,
  parseTwoCovariance,
  projectedScores,
  type TwoCovariance,
} from '@affinis/core';
import { z } from 'zod';
import { type Diagonalised, diagonalise } from './diagonalise.ts';

const parameters = z.strictObject({
  file: z.string().describe('What "affinis fit-metric" made of labelled samples; relative to the configuration'),
});

export type PldaParameters = z.infer<typeof parameters>;

const unit = 'nats; above 0 speaks for one identity';

export const plda = defineMetric({
  id: 'plda',
  description:
    'Log-likelihood ratio of the two-covariance model, full covariances (Brümmer and de Villiers, The speaker partitioning problem, Odyssey 2010; Ioffe, Probabilistic linear discriminant analysis, ECCV 2006); ignores the variance',
  unit,
  parameters,
  files: ['file'],
  create: ({ file }) => createPlda(readModel(file, 'full'), 'plda'),
});

export const pldaDiagonal = defineMetric({
  id: 'plda-diagonal',
  description:
    'Log-likelihood ratio of the two-covariance model, one variance a dimension (Brümmer and de Villiers, The speaker partitioning problem, Odyssey 2010); ignores the variance of a sample, which mls-llr reads',
  unit,
  parameters,
  files: ['file'],
  create: ({ file }) => createPlda(readModel(file, 'diagonal'), 'plda-diagonal'),
});

/**
 * `ln N([a b] | one identity) - ln N(a) - ln N(b)` where a subject is `y ~ N(m, B)` and its embeddings `N(y, W)`. Along
 * the axes that make `W` the identity and `B` diagonal (`ψ`; Ioffe 2006, figure 1), with u and v the coordinates of
 * `a - m` and `b - m`, each adds
 *
 *     γ (u² + v²) - α/2 (u - v)² + ln(1 + ψ) - 1/2 ln(1 + 2ψ),   α = ψ/(1 + 2ψ),   γ = ψ/(2 (1 + ψ)(1 + 2ψ))
 *
 * which is `α u v + β (u² + v²)` with `β = γ - α/2`, without the cancellation. Throws `invalid-argument` for
 * covariances that are none.
 */
export function createPlda(model: TwoCovariance, id = 'plda'): Metric {
  const axes = diagonalise(model);
  const { ratios, map } = axes;
  const outputs = ratios.length;
  const halfAlpha = ratios.map((ratio) => ratio / (1 + 2 * ratio) / 2);
  const gamma = ratios.map((ratio) => ratio / (2 * (1 + ratio) * (1 + 2 * ratio)));
  const constant = ratios.reduce((sum, ratio) => sum + Math.log1p(ratio) - Math.log1p(2 * ratio) / 2, 0);
  return {
    id,
    polarity: 'similarity',
    needsVariance: false,
    ...(model.space === undefined ? {} : { space: model.space }),
    scan: scanForm(axes),
    scoreBlock: projectedScores(
      map,
      (left, a, right, b) => {
        let score = constant;
        for (let p = 0; p < outputs; p++) {
          const u = left[a + p] as number;
          const v = right[b + p] as number;
          score += (gamma[p] as number) * (u * u + v * v) - (halfAlpha[p] as number) * (u - v) ** 2;
        }
        return score;
      },
      'metric-plda',
    ),
  };
}

/**
 * Along each axis, `α u v + β v²` ranks rows `v` as the score does, for the query's own `β u²` and the constant are the
 * same for all: axes stretched by `√α` give a product, and `β v²` is `β/α = -ψ/(2 (1 + ψ))` of a stretched square.
 */
function scanForm({ ratios, map }: Diagonalised): NonNullable<Metric['scan']> {
  const { dimension, outputs, origin } = map;
  const matrix = new Float32Array(outputs * dimension);
  for (let p = 0; p < outputs; p++) {
    const ratio = ratios[p] as number;
    const stretch = Math.sqrt(ratio / (1 + 2 * ratio));
    if (map.kind === 'diagonal') matrix[p * dimension + p] = stretch * (map.matrix[p] as number);
    else
      for (let d = 0; d < dimension; d++)
        matrix[p * dimension + d] = stretch * (map.matrix[p * dimension + d] as number);
  }
  return {
    kind: 'dot',
    bias: Float32Array.from(ratios, (ratio) => -ratio / (2 * (1 + ratio))),
    projection: { matrix, ...(origin ? { origin: Float32Array.from(origin) } : {}) },
  };
}

function readModel(file: string, wanted: TwoCovariance['covariance']): TwoCovariance {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw badFile(`${file} cannot be read; check the path`, cause);
  }
  const model = parseTwoCovariance(bytes, file);
  if (model.covariance === wanted) return model;
  const other = wanted === 'full' ? 'plda-diagonal' : 'plda';
  throw badFile(`${file} holds ${model.covariance} covariances, which metric "${other}" reads; name that as the type`);
}

const badFile = (problem: string, cause?: unknown) =>
  new AffinisError('invalid-argument', `[metric-plda] ${problem}`, { field: 'file', reason: 'BAD_PARAMETERS', cause });
