import { readFileSync } from 'node:fs';
import { AffinisError, defineMetric, type Metric, projectedScores } from '@affinis/core';
import { z } from 'zod';
import { type LearnedMatrix, parseMatrix } from './matrix-file.ts';

const row = z.array(z.number()).min(1);
const parameters = z
  .strictObject({
    file: z
      .string()
      .optional()
      .describe('The factor L: a NumPy file of float32 or float64 [P, D], or JSON rows; relative to the configuration'),
    rows: z.array(row).min(1).optional().describe('The factor L itself, row by row, where it is small'),
  })
  .refine(({ file, rows }) => (file === undefined) !== (rows === undefined), 'needs exactly one of "file" and "rows"')
  .refine(
    ({ rows = [] }) => rows.every(({ length }) => length === rows[0]?.length),
    'needs rows of one length, the embedding’s dimension',
  );

export type MahalanobisParameters = z.infer<typeof parameters>;

export const mahalanobis = defineMetric({
  id: 'mahalanobis',
  description:
    'Mahalanobis distance |L (a - b)| with a learned factor L (Xing et al., NIPS 2002; Davis et al., ICML 2007); ignores the variance',
  unit: 'distance, >= 0',
  parameters,
  files: ['file'],
  create: createMahalanobis,
});

/**
 * `|L a - L b|`, the Mahalanobis distance under `M = LᵀL`. `L` is float32[P, D]; where P is below D, means that differ
 * along what `L` leaves out only are at distance 0. Sums are float64. Throws `invalid-argument` for a file that holds no
 * matrix.
 */
export function createMahalanobis({ file, rows }: MahalanobisParameters): Metric {
  const { matrix, outputs, dimension, space } = file === undefined ? matrixOf(rows ?? []) : readMatrix(file);
  return {
    id: 'mahalanobis',
    polarity: 'distance',
    needsVariance: false,
    ...(space === undefined ? {} : { space }),
    scan: { kind: 'euclidean', projection: { matrix } },
    scoreBlock: projectedScores(
      { matrix: Float64Array.from(matrix), kind: 'full', outputs, dimension },
      (left, a, right, b) => {
        let squares = 0;
        for (let p = 0; p < outputs; p++) squares += ((left[a + p] as number) - (right[b + p] as number)) ** 2;
        return Math.sqrt(squares);
      },
      'metric-mahalanobis',
    ),
  };
}

function readMatrix(file: string): LearnedMatrix {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new AffinisError('invalid-argument', `[metric-mahalanobis] ${file} cannot be read; check the path`, {
      field: 'file',
      reason: 'BAD_PARAMETERS',
      cause,
    });
  }
  return parseMatrix(bytes, file);
}

function matrixOf(rows: readonly (readonly number[])[]): LearnedMatrix {
  return { matrix: Float32Array.from(rows.flat()), outputs: rows.length, dimension: rows[0]?.length ?? 0 };
}
